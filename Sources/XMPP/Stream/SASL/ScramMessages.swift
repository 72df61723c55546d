// The messages of SCRAM (RFC 5802 §5, §7), read and written as bytes: a `Character` may swallow the
// comma before a combining mark, and then two readers see two different messages.

/// The fields of a SCRAM message, in order: `n=user,r=nonce` and so on.
struct ScramFields {
    private var rest: ArraySlice<[UInt8].SubSequence>

    init(_ message: some Collection<UInt8>) {
        rest =
            Array(message).split(
                separator: UInt8(ascii: ","),
                maxSplits: Self.fieldsMax,
                omittingEmptySubsequences: false
            )[...]
    }

    /// More fields than any message has, extensions included; the rest stays in the last one.
    private static let fieldsMax = 32

    /// The next field, whatever it is.
    mutating func next() -> [UInt8].SubSequence? {
        rest.popFirst()
    }

    /// The value of the next field, which must have the name `name`.
    mutating func value(_ name: Unicode.Scalar) -> String? {
        guard let field = rest.first, let value = Self.value(of: field, named: name) else {
            return nil
        }
        rest.removeFirst()
        return value
    }

    /// The value of the last field, which must have the name `name`; optional extensions may stand
    /// before it and are ignored, as RFC 5802 §5.1 asks.
    mutating func last(_ name: Unicode.Scalar) -> String? {
        guard let field = rest.popLast() else { return nil }
        guard rest.allSatisfy(Self.isExtension) else { return nil }
        return Self.value(of: field, named: name)
    }

    /// Whether only optional extensions are left.
    var endsWell: Bool {
        rest.allSatisfy(Self.isExtension)
    }

    private static func value(
        of field: [UInt8].SubSequence,
        named name: Unicode.Scalar
    ) -> String? {
        let mark = Array("\(name)=".utf8)
        guard field.starts(with: mark) else { return nil }
        return String(validating: field.dropFirst(mark.count), as: UTF8.self)
    }

    /// `m` is the extension that must be understood (RFC 5802 §5.1): nobody has defined one, so
    /// whoever meets it fails.
    private static func isExtension(_ field: [UInt8].SubSequence) -> Bool {
        guard let name = field.first, field.dropFirst().first == UInt8(ascii: "=") else {
            return false
        }
        let isLetter = (0x41...0x5A).contains(name) || (0x61...0x7A).contains(name)
        return isLetter && name != UInt8(ascii: "m")
    }
}

/// What the client says of channel binding (RFC 5802 §7, `gs2-cbind-flag`).
enum ScramBindingFlag: Equatable {
    /// `n`: it cannot bind.
    case unsupported
    /// `y`: it could, and thinks that the server cannot.
    case notOffered
    /// `p=`: it binds to that type.
    case bound(String)
}

/// The client's first message (RFC 5802 §7, `client-first-message`).
struct ScramClientFirst: Equatable {
    var flag: ScramBindingFlag
    /// The account to act as; nil when it is the one that authenticates.
    var authzid: String?
    var username: String
    var nonce: String
    /// The bytes up to the second comma, which the final message repeats.
    var header: [UInt8]
    /// The bytes behind them: the first part of what is signed.
    var bare: [UInt8]

    /// Nil when the message is not one.
    init?(reading message: [UInt8]) {
        var fields = ScramFields(message)
        guard
            let flag = fields.next().flatMap(Self.flag),
            let authorization = fields.next(),
            let authzid = Self.authzid(authorization),
            let username = fields.value("n").flatMap(Self.name),
            let nonce = fields.value("r"), Self.isNonce(nonce),
            fields.endsWell
        else { return nil }
        self.flag = flag
        self.authzid = authzid.isEmpty ? nil : authzid
        self.username = username
        self.nonce = nonce
        header = Array(message[..<authorization.endIndex]) + [UInt8(ascii: ",")]
        bare = Array(message.dropFirst(header.count))
    }

    /// What a client sends.
    init(flag: ScramBindingFlag, username: String, nonce: String) {
        self.flag = flag
        self.username = username
        self.nonce = nonce
        let mark =
            switch flag {
            case .unsupported: "n"
            case .notOffered: "y"
            case .bound(let type): "p=\(type)"
            }
        header = Array("\(mark),,".utf8)
        bare = Array("n=\(Self.escaped(username)),r=\(nonce)".utf8)
    }

    /// The message as it is sent.
    var bytes: [UInt8] { header + bare }

    /// Characters of a nonce: ours have 24, and a peer's need not be longer than this.
    static let nonceCharactersMax = 256

    /// Printable ASCII but the comma (RFC 5802 §7, `printable`).
    static func isNonce(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= nonceCharactersMax
            && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ",") }
    }

    private static func flag(_ field: [UInt8].SubSequence) -> ScramBindingFlag? {
        if field.elementsEqual("n".utf8) { return .unsupported }
        if field.elementsEqual("y".utf8) { return .notOffered }
        guard field.starts(with: "p=".utf8), field.count > 2 else { return nil }
        return String(validating: field.dropFirst(2), as: UTF8.self).map { .bound($0) }
    }

    /// Empty where there is none; nil where the field is something else.
    private static func authzid(_ field: [UInt8].SubSequence) -> String? {
        if field.isEmpty { return "" }
        guard field.starts(with: "a=".utf8), field.count > 2 else { return nil }
        return String(validating: field.dropFirst(2), as: UTF8.self).flatMap(name)
    }

    /// A `saslname` with its comma and equals sign put back; nil when it is empty or has an equals
    /// sign that stands for nothing.
    private static func name(_ text: String) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "=") else {
                bytes.append(byte)
                continue
            }
            if rest.starts(with: "2C".utf8) {
                bytes.append(UInt8(ascii: ","))
            } else if rest.starts(with: "3D".utf8) {
                bytes.append(UInt8(ascii: "="))
            } else {
                return nil
            }
            rest = rest.dropFirst(2)
        }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }

    private static func escaped(_ name: String) -> String {
        var result = ""
        for scalar in name.unicodeScalars {
            switch scalar {
            case ",": result += "=2C"
            case "=": result += "=3D"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

/// The server's answer to it (RFC 5802 §7, `server-first-message`).
struct ScramServerFirst: Equatable {
    /// The client's nonce with the server's behind it.
    var nonce: String
    var salt: [UInt8]
    var iterations: Int

    init(nonce: String, salt: [UInt8], iterations: Int) {
        self.nonce = nonce
        self.salt = salt
        self.iterations = iterations
    }

    /// Nil when the message is not one.
    init?(reading message: [UInt8]) {
        var fields = ScramFields(message)
        guard
            let nonce = fields.value("r"),
            let salt = fields.value("s").flatMap(Base64.decode), !salt.isEmpty,
            let iterations = fields.value("i").flatMap({ Int($0) }),
            fields.endsWell
        else { return nil }
        self.init(nonce: nonce, salt: salt, iterations: iterations)
    }

    /// The message as it is sent.
    var bytes: [UInt8] {
        Array("r=\(nonce),s=\(Base64.encode(salt)),i=\(iterations)".utf8)
    }
}

/// The client's proof (RFC 5802 §7, `client-final-message`).
struct ScramClientFinal: Equatable {
    /// The header of the first message again, and the channel's data behind it.
    var binding: [UInt8]
    var nonce: String
    var proof: [UInt8]
    /// The bytes before the proof: the last part of what is signed.
    var withoutProof: [UInt8]

    /// Nil when the message is not one.
    init?(reading message: [UInt8]) {
        var fields = ScramFields(message)
        guard
            let binding = fields.value("c").flatMap(Base64.decode),
            let nonce = fields.value("r"),
            let proofText = fields.last("p"),
            let proof = Base64.decode(proofText)
        else { return nil }
        self.binding = binding
        self.nonce = nonce
        self.proof = proof
        withoutProof = Array(message.dropLast(",p=".utf8.count + proofText.utf8.count))
    }

    /// What a client signs; the proof is put in when the signature is there.
    init(binding: [UInt8], nonce: String) {
        self.binding = binding
        self.nonce = nonce
        proof = []
        withoutProof = Array("c=\(Base64.encode(binding)),r=\(nonce)".utf8)
    }

    /// The message as it is sent.
    var bytes: [UInt8] {
        withoutProof + Array(",p=\(Base64.encode(proof))".utf8)
    }
}

/// What both sides sign (RFC 5802 §3, `AuthMessage`), of the messages exactly as they were sent.
func scramSigned(
    _ clientFirstBare: [UInt8],
    _ serverFirst: [UInt8],
    _ clientFinalWithoutProof: [UInt8]
) -> [UInt8] {
    let comma = [UInt8(ascii: ",")]
    return clientFirstBare + comma + serverFirst + comma + clientFinalWithoutProof
}

/// Two keys of the same length, bit by bit (RFC 5802 §2.2, `XOR`); the shorter one ends it.
func scramXOR(_ left: [UInt8], _ right: [UInt8]) -> [UInt8] {
    zip(left, right).map { $0 ^ $1 }
}
