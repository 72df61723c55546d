/// The client's side of one SCRAM exchange (RFC 5802, RFC 7677).
///
/// States, in order: the first message sent; the proof sent; done. A server that asks for too few
/// or too many rounds, changes our nonce or cannot prove that it knows the password is not the one
/// that the account is at.
struct ScramClient {
    private let hash: Digest
    private let password: Password
    private let first: ScramClientFirst
    private let channelData: [UInt8]
    private var state: State = .started
    /// What the password became; kept for the next connection, to save the rounds.
    private(set) var keys: ScramKeys?

    private enum State {
        case started
        /// What the server must sign.
        case proven(serverSignature: [UInt8])
        case done
    }

    /// The most rounds that a server may make us compute: about half a second, a hundred times
    /// what servers ask for.
    static let iterationsMax = 1_000_000

    /// How the exchange says what it thinks of the channel.
    enum Binding: Equatable {
        case unsupported
        case notOffered
        case bound(ChannelBindingType, [UInt8])
    }

    /// `keys` are those of an earlier exchange, used again when salt and rounds are the same.
    init(
        _ hash: Digest,
        username: String,
        password: Password,
        binding: Binding,
        nonce: String,
        keys: ScramKeys? = nil
    ) {
        self.hash = hash
        self.password = password
        self.keys = keys
        let flag: ScramBindingFlag
        switch binding {
        case .unsupported: (flag, channelData) = (.unsupported, [])
        case .notOffered: (flag, channelData) = (.notOffered, [])
        case .bound(let type, let data): (flag, channelData) = (.bound(type.rawValue), data)
        }
        first = ScramClientFirst(flag: flag, username: username, nonce: nonce)
    }

    /// The first message.
    var initialResponse: [UInt8] { first.bytes }

    /// Whether our proof is out, and the server's is what has to come.
    var isProven: Bool {
        if case .proven = state { true } else { false }
    }

    /// Whether the server has proven itself.
    var isComplete: Bool {
        if case .done = state { true } else { false }
    }

    /// The server's next message; the answer to it.
    mutating func received(_ message: [UInt8]) throws(ScramClientError) -> [UInt8] {
        switch state {
        case .started:
            return try prove(message)
        case .proven(let signature):
            try verify(message, signature)
            state = .done
            return []
        case .done:
            throw .malformed
        }
    }

    private mutating func prove(_ message: [UInt8]) throws(ScramClientError) -> [UInt8] {
        guard let challenge = ScramServerFirst(reading: message) else { throw .malformed }
        guard
            challenge.nonce.utf8.starts(with: first.nonce.utf8),
            challenge.nonce.utf8.count > first.nonce.utf8.count,
            ScramClientFirst.isNonce(challenge.nonce)
        else { throw .nonceChanged }
        guard challenge.iterations >= ScramSecrets.iterationsMin else { throw .tooFewIterations }
        guard challenge.iterations <= Self.iterationsMax else { throw .tooManyIterations }
        let keys = keys(for: challenge)
        self.keys = keys
        var final = ScramClientFinal(
            binding: first.header + channelData,
            nonce: challenge.nonce
        )
        let signed = scramSigned(first.bare, message, final.withoutProof)
        let signature = HMAC.code(hash, key: hash.hash(keys.clientKey), signed)
        final.proof = scramXOR(keys.clientKey, signature)
        state = .proven(serverSignature: HMAC.code(hash, key: keys.serverKey, signed))
        return final.bytes
    }

    private func keys(for challenge: ScramServerFirst) -> ScramKeys {
        if let keys, keys.hash == hash, keys.salt == challenge.salt,
            keys.iterations == challenge.iterations
        {
            return keys
        }
        return ScramKeys(
            password: password,
            salt: challenge.salt,
            iterations: challenge.iterations,
            hash: hash
        )
    }

    private func verify(
        _ message: [UInt8],
        _ signature: [UInt8]
    ) throws(ScramClientError) {
        var fields = ScramFields(message)
        guard let text = fields.value("v"), let given = Base64.decode(text), fields.endsWell
        else { throw .malformed }
        guard constantTimeEqual(given, signature) else { throw .signatureWrong }
    }
}

/// Why a client does not trust what the server says in a SCRAM exchange.
enum ScramClientError: String, Error {
    case malformed = "a message that is not SCRAM"
    case nonceChanged = "another nonce than ours"
    case tooFewIterations = "too few iterations"
    case tooManyIterations = "too many iterations"
    case signatureWrong = "a wrong signature"
}
