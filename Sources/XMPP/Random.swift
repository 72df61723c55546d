import COpenSSL

/// Unpredictable bytes, from libcrypto's generator.
package enum Random {
    /// How many bytes a token has: 144 bits, above the 128 that stream ids and nonces need, and
    /// without padding in base64.
    package static let tokenBytes = 18

    /// `count` bytes that nobody can guess.
    package static func bytes(_ count: Int) -> [UInt8] {
        var filled = false
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, size in
            buffer.initialize(repeating: 0)
            filled = RAND_bytes(buffer.baseAddress, Int32(clamping: count)) == 1
            size = count
        }
        if filled { return bytes }
        // The kernel's generator, should libcrypto's have no seed.
        var system = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &system) }
    }

    /// A text of 24 characters that nobody can guess, safe in URLs: for ids, nonces and resources.
    package static func token() -> String {
        Base64.encodeURLSafe(bytes(tokenBytes))
    }
}
