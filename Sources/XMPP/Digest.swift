import COpenSSL

/// The hash functions that XMPP's mechanisms name, from libcrypto.
///
/// libcrypto can refuse only when memory is gone. A result that was never computed must then match
/// nothing, so it is made of random bytes: a comparison fails closed.
package enum Digest: Sendable, Hashable, CaseIterable {
    case sha1, sha256, sha512

    /// How many bytes a hash has.
    package var byteCount: Int {
        switch self {
        case .sha1: 20
        case .sha256: 32
        case .sha512: 64
        }
    }

    /// The hash of `bytes`.
    package func hash(_ bytes: [UInt8]) -> [UInt8] {
        result { EVP_Digest(bytes, bytes.count, $0, nil, algorithm, nil) == 1 }
    }

    /// The SHA-1 hash of `bytes`: for SCRAM-SHA-1 and entity capabilities only.
    package static func sha1(_ bytes: [UInt8]) -> [UInt8] { Self.sha1.hash(bytes) }

    /// The SHA-256 hash of `bytes`.
    package static func sha256(_ bytes: [UInt8]) -> [UInt8] { Self.sha256.hash(bytes) }

    /// The SHA-512 hash of `bytes`.
    package static func sha512(_ bytes: [UInt8]) -> [UInt8] { Self.sha512.hash(bytes) }

    fileprivate var algorithm: OpaquePointer? {
        switch self {
        case .sha1: EVP_sha1()
        case .sha256: EVP_sha256()
        case .sha512: EVP_sha512()
        }
    }

    fileprivate func result(of compute: (UnsafeMutablePointer<UInt8>?) -> Bool) -> [UInt8] {
        var succeeded = false
        let result = [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
            buffer.initialize(repeating: 0)
            succeeded = compute(buffer.baseAddress)
            count = buffer.count
        }
        return succeeded ? result : Random.bytes(byteCount)
    }
}

/// Keyed hashes (RFC 2104).
package enum HMAC {
    /// The authentication code of `message` under `key`.
    package static func code(_ digest: Digest, key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        digest.result { output in
            COpenSSL.HMAC(
                digest.algorithm,
                key,
                Int32(clamping: key.count),
                message,
                message.count,
                output,
                nil
            ) != nil
        }
    }
}

/// Keys from passwords (RFC 8018 §5.2), as SCRAM's `Hi()` wants them (RFC 5802 §2.2).
package enum PBKDF2 {
    /// One hash's length of key.
    ///
    /// The caller limits the `iterations` that a peer asks for.
    package static func key(
        _ digest: Digest,
        password: [UInt8],
        salt: [UInt8],
        iterations: Int
    ) -> [UInt8] {
        password.withUnsafeBytes { password in
            digest.result { output in
                PKCS5_PBKDF2_HMAC(
                    password.bindMemory(to: CChar.self).baseAddress,
                    Int32(clamping: password.count),
                    salt,
                    Int32(clamping: salt.count),
                    Int32(clamping: max(iterations, 1)),
                    digest.algorithm,
                    Int32(clamping: digest.byteCount),
                    output
                ) == 1
            }
        }
    }
}

/// Whether two secrets are the same, in a time that tells nothing of where they differ.
package func constantTimeEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
}
