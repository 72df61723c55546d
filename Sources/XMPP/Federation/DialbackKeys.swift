/// The keys by which a domain knows its own streams again (XEP-0185).
///
/// Whoever has the secret can tell whether it made a key, without a memory of the streams. So one
/// secret serves all the processes of a domain, and any of them may answer.
package struct DialbackKeys: Sendable {
    /// The secret's hash in hexadecimal, as XEP-0185 §2 has it.
    private let hashedSecret: [UInt8]

    /// Bytes of the shortest secret: 128 bits.
    ///
    /// A secret that can be guessed lets anybody speak in our name (CVE-2016-1232).
    package static let secretBytesMin = 16

    /// `secret` comes from ``Random``, or from a file that several processes share; nil when it is
    /// too short.
    package init?(secret: [UInt8]) {
        guard secret.count >= Self.secretBytesMin else { return nil }
        hashedSecret = Array(Hex.encode(Digest.sha256(secret)).utf8)
    }

    /// The key with which `originating` proves itself to `receiving` on the stream whose response
    /// header had the id `streamID`.
    ///
    /// A space parts the fields: no domain holds one, so no two triples are one text
    /// (CVE-2016-0756).
    package func key(receiving: String, originating: String, streamID: String) -> String {
        let message = Array("\(receiving) \(originating) \(streamID)".utf8)
        return Hex.encode(HMAC.code(.sha256, key: hashedSecret, message))
    }

    /// Whether `key` is the one for the three, in a time that tells nothing of where it differs
    /// (CVE-2021-32921).
    package func isValid(
        _ key: String,
        receiving: String,
        originating: String,
        streamID: String
    ) -> Bool {
        let expected = self.key(
            receiving: receiving,
            originating: originating,
            streamID: streamID
        )
        return constantTimeEqual(Array(key.utf8), Array(expected.utf8))
    }
}
