import XMPP

/// What both ends of a link know, and others must not.
package struct LinkSecret: Sendable {
    let bytes: [UInt8]

    /// Bytes of the shortest secret: 128 bits.
    ///
    /// A process that listens in our place could try shorter ones against the proof that it was
    /// shown.
    package static let bytesMin = 16

    /// Nil when it is too short.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count >= Self.bytesMin else { return nil }
        self.bytes = bytes
    }
}

/// What both ends have said before they prove that they have one secret.
struct LinkTranscript {
    /// One end's name and nonce, and which run of its process it is.
    struct End {
        let name: String
        let nonce: String
        let instance: String
    }

    /// Who proves: a part of the proof, so that one's own sent back is worth nothing.
    enum Prover: String {
        case opener, accepter
    }

    let opener: End
    let accepter: End
    /// What TLS says of this connection alone (RFC 9266), nothing on a Unix socket.
    ///
    /// A man in the middle has two connections, and so the ends have two proofs.
    let channelBinding: [UInt8]

    /// Every field with its length before it: no two transcripts are one text.
    func proof(of prover: Prover, _ secret: LinkSecret) -> [UInt8] {
        var message: [UInt8] = []
        let texts = [
            LinkMessage.namespace, prover.rawValue, opener.name, accepter.name, opener.nonce,
            accepter.nonce, opener.instance, accepter.instance,
        ]
        for field in texts.map({ Array($0.utf8) }) + [channelBinding] {
            let count = UInt64(field.count)
            message += (0..<8).map { UInt8(truncatingIfNeeded: count >> (56 - 8 * $0)) }
            message += field
        }
        return HMAC.code(.sha256, key: secret.bytes, message)
    }

    func isProven(_ proof: [UInt8], by prover: Prover, _ secret: LinkSecret) -> Bool {
        constantTimeEqual(proof, self.proof(of: prover, secret))
    }
}

/// Names, nonces and instances: what may stand in logs and files.
enum LinkName {
    /// Characters of the longest.
    static let lengthMax = 64
    /// Characters of the shortest nonce or instance: 96 bits in base64, where ours have 144.
    static let tokenLengthMin = 16

    static func isName(_ text: String) -> Bool {
        (1...lengthMax).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
                default: false
                }
            }
    }

    static func isToken(_ text: String) -> Bool {
        text.utf8.count >= tokenLengthMin && isName(text)
    }
}
