import COpenSSL

/// The client's side of SCRAM without channel binding (RFC 5802).
struct Scram {
    /// Salted passwords by hash, password, salt and rounds: an account logs in many times.
    final class Cache {
        fileprivate var salted: [String: [UInt8]] = [:]
    }

    enum Hash: String {
        case sha1 = "SCRAM-SHA-1"
        case sha256 = "SCRAM-SHA-256"

        var digest: OpaquePointer? { self == .sha1 ? EVP_sha1() : EVP_sha256() }
        var byteCount: Int { self == .sha1 ? 20 : 32 }
    }

    let hash: Hash
    private let password: String
    private let bare: String
    private let nonce: String

    init(_ hash: Hash, user: String, password: String) {
        self.hash = hash
        self.password = password
        var random = [UInt8](repeating: 0, count: 18)
        RAND_bytes(&random, Int32(random.count))
        nonce = Base64.encode(random)
        bare = "n=\(user),r=\(nonce)"
    }

    var first: String { Base64.encode(Array("n,,\(bare)".utf8)) }

    /// The answer to the server's first message; nil when that is not understood.
    func final(challenge encoded: String, cache: Cache) -> String? {
        let challenge = String(decoding: Base64.decode(encoded), as: UTF8.self)
        var fields: [Character: String] = [:]
        for part in challenge.split(separator: ",") {
            if let key = part.first { fields[key] = String(part.dropFirst(2)) }
        }
        guard let theirs = fields["r"], theirs.hasPrefix(nonce), let salt = fields["s"],
            let rounds = fields["i"].flatMap({ Int32($0) })
        else { return nil }
        let salted = saltedPassword(salt: salt, rounds: rounds, cache: cache)
        let clientKey = hmac(salted, Array("Client Key".utf8))
        let withoutProof = "c=biws,r=\(theirs)"
        let transcript = Array("\(bare),\(challenge),\(withoutProof)".utf8)
        let signature = hmac(digest(clientKey), transcript)
        let proof = zip(clientKey, signature).map { $0 ^ $1 }
        return Base64.encode(Array("\(withoutProof),p=\(Base64.encode(proof))".utf8))
    }

    private func saltedPassword(salt: String, rounds: Int32, cache: Cache) -> [UInt8] {
        let key = "\(hash.rawValue) \(rounds) \(salt) \(password)"
        if let known = cache.salted[key] { return known }
        var salted = [UInt8](repeating: 0, count: hash.byteCount)
        let bytes = Base64.decode(salt)
        PKCS5_PBKDF2_HMAC(
            password,
            Int32(password.utf8.count),
            bytes,
            Int32(bytes.count),
            rounds,
            hash.digest,
            Int32(salted.count),
            &salted
        )
        cache.salted[key] = salted
        return salted
    }

    private func hmac(_ key: [UInt8], _ text: [UInt8]) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: hash.byteCount)
        var count: UInt32 = 0
        HMAC(hash.digest, key, Int32(key.count), text, text.count, &result, &count)
        return result
    }

    private func digest(_ bytes: [UInt8]) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: hash.byteCount)
        var count: UInt32 = 0
        EVP_Digest(bytes, bytes.count, &result, &count, hash.digest, nil)
        return result
    }
}

/// Base64 through libcrypto.
enum Base64 {
    static func encode(_ bytes: [UInt8]) -> String {
        var text = [UInt8](repeating: 0, count: (bytes.count + 2) / 3 * 4 + 1)
        let count = EVP_EncodeBlock(&text, bytes, Int32(bytes.count))
        return String(decoding: text[..<Int(count)], as: UTF8.self)
    }

    static func decode(_ text: String) -> [UInt8] {
        let input = Array(text.utf8)
        var bytes = [UInt8](repeating: 0, count: input.count / 4 * 3 + 3)
        let count = EVP_DecodeBlock(&bytes, input, Int32(input.count))
        let padding = text.reversed().prefix { $0 == "=" }.count
        return Array(bytes[..<max(0, Int(count) - padding)])
    }
}
