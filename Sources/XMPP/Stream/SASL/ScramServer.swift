/// The server's side of one SCRAM exchange (RFC 5802, RFC 7677).
///
/// States, in order: awaiting the first message; looking up the account that it names; awaiting
/// the proof; done. A message that comes in another state is the client's mistake; what it learns
/// from a failure never tells whether the account exists.
struct ScramServer {
    private let mechanism: SASLMechanism
    private let hash: Digest
    private let channel: Channel
    private var state: State = .awaitingFirst

    /// What the server said of channel binding, and what it knows.
    struct Channel: Equatable {
        /// Whether a -PLUS mechanism was on offer.
        var isOffered: Bool
        var bindings: ChannelBindings
    }

    private enum State {
        case awaitingFirst
        case lookingUp(ScramClientFirst, Claim)
        case awaitingProof(Exchange)
        case done
    }

    /// What the first message claims.
    private struct Claim {
        var account: JID
        /// What the final message has to repeat: the header and the channel's data.
        var binding: [UInt8]
    }

    /// What the final message is held against.
    private struct Exchange {
        var claim: Claim
        var secrets: ScramSecrets
        var clientFirstBare: [UInt8]
        var nonce: String
        var serverFirst: [UInt8]
    }

    /// Nil for a mechanism that is not SCRAM.
    init?(_ mechanism: SASLMechanism, channel: Channel) {
        guard let hash = mechanism.digest else { return nil }
        self.mechanism = mechanism
        self.hash = hash
        self.channel = channel
    }

    /// The client's next message; `identity` makes the name that it gives an address.
    mutating func received(
        _ message: [UInt8],
        as identity: SASLIdentity
    ) throws(SASLFailure) -> Step {
        switch state {
        case .awaitingFirst:
            guard let first = ScramClientFirst(reading: message) else {
                throw SASLFailure(.malformedRequest)
            }
            let claim = Claim(
                account: try identity.jid(first.username, actingAs: first.authzid),
                binding: first.header + (try channelData(first.flag))
            )
            state = .lookingUp(first, claim)
            return .lookUp(claim.account)
        case .awaitingProof(let exchange):
            state = .done
            return .succeed(try verify(message, exchange), exchange.claim.account)
        case .lookingUp, .done:
            throw SASLFailure(.malformedRequest)
        }
    }

    /// What a message leads to.
    enum Step: Equatable {
        case lookUp(JID)
        /// The proof is right: the server's own proof, and whose it was.
        case succeed([UInt8], JID)
    }

    /// The secrets of the account came: the challenge, or nil when nobody asked.
    ///
    /// For an account that is not there they are pretended.
    mutating func found(
        _ answer: ScramCredentials?,
        pretence: ScramPretence,
        token: String
    ) -> [UInt8]? {
        guard case .lookingUp(let first, let claim) = state else { return nil }
        let secrets = answer?[hash] ?? pretence.secrets(for: claim.account, hash: hash)
        let challenge = ScramServerFirst(
            nonce: first.nonce + token,
            salt: secrets.salt,
            iterations: secrets.iterations
        )
        state = .awaitingProof(
            Exchange(
                claim: claim,
                secrets: secrets,
                clientFirstBare: first.bare,
                nonce: challenge.nonce,
                serverFirst: challenge.bytes
            )
        )
        return challenge.bytes
    }

    /// The data that the proof must cover beside the header (RFC 5802 §6).
    private func channelData(_ flag: ScramBindingFlag) throws(SASLFailure) -> [UInt8] {
        switch flag {
        case .unsupported:
            if mechanism.bindsChannel { throw SASLFailure(.malformedRequest) }
            return []
        case .notOffered:
            if mechanism.bindsChannel { throw SASLFailure(.malformedRequest) }
            // Somebody has taken the -PLUS mechanisms out of our offer.
            if channel.isOffered {
                throw SASLFailure(.notAuthorized, text: "server-does-support-channel-binding")
            }
            return []
        case .bound(let name):
            guard mechanism.bindsChannel else { throw SASLFailure(.malformedRequest) }
            guard
                let type = ChannelBindingType(rawValue: name),
                let data = channel.bindings[type]
            else {
                throw SASLFailure(.notAuthorized, text: "unsupported-channel-binding-type")
            }
            return data
        }
    }

    private func verify(
        _ message: [UInt8],
        _ exchange: Exchange
    ) throws(SASLFailure) -> [UInt8] {
        guard let final = ScramClientFinal(reading: message) else {
            throw SASLFailure(.malformedRequest)
        }
        let secrets = exchange.secrets
        let signed = scramSigned(
            exchange.clientFirstBare,
            exchange.serverFirst,
            final.withoutProof
        )
        let signature = HMAC.code(hash, key: secrets.storedKey, signed)
        let storedKey = hash.hash(scramXOR(final.proof, signature))
        // All are computed before any is looked at, and none says which of them failed.
        let isBound = constantTimeEqual(final.binding, exchange.claim.binding)
        let isFresh = constantTimeEqual(Array(final.nonce.utf8), Array(exchange.nonce.utf8))
        let isProven =
            final.proof.count == hash.byteCount
            && constantTimeEqual(storedKey, secrets.storedKey)
        guard isBound, isFresh, isProven else { throw SASLFailure(.notAuthorized) }
        let proof = HMAC.code(hash, key: secrets.serverKey, signed)
        return Array("v=\(Base64.encode(proof))".utf8)
    }
}

/// Who a client says it is.
enum SASLIdentity {
    /// An account of that domain.
    case account(of: String)
    /// A component, whose name is its domain (XEP-0225 §3).
    case component

    /// The address that `username` means, if it may act as `authzid`: itself only (RFC 6120
    /// §6.3.8).
    func jid(_ username: String, actingAs authzid: String?) throws(SASLFailure) -> JID {
        let named: JID? =
            switch self {
            case .account(let domain): try? JID(local: username, domain: domain)
            case .component: try? JID(local: nil, domain: username)
            }
        guard let named else { throw SASLFailure(.notAuthorized) }
        if let authzid {
            guard let wanted = try? JID(authzid), wanted == named else {
                throw SASLFailure(.invalidAuthzid)
            }
        }
        return named
    }
}

/// The one message of PLAIN (RFC 4616 §2).
struct PlainMessage: Equatable {
    var authzid: String?
    var username: String
    var password: String

    /// Nil when the message is not one.
    init?(reading message: [UInt8]) {
        let fields = message.split(separator: 0, maxSplits: 3, omittingEmptySubsequences: false)
        guard
            fields.count == 3,
            let authzid = String(validating: fields[0], as: UTF8.self),
            let username = String(validating: fields[1], as: UTF8.self), !username.isEmpty,
            let password = String(validating: fields[2], as: UTF8.self), !password.isEmpty
        else { return nil }
        self.init(username: username, password: password)
        self.authzid = authzid.isEmpty ? nil : authzid
    }

    init(username: String, password: String) {
        self.username = username
        self.password = password
    }

    /// The message as it is sent.
    var bytes: [UInt8] {
        Array((authzid ?? "").utf8) + [0] + Array(username.utf8) + [0] + Array(password.utf8)
    }
}
