import COpenSSL

/// A private key, for handing to the library.
final class PrivateKey {
    let pointer: OpaquePointer

    /// Takes over one reference.
    init(owning pointer: OpaquePointer) {
        self.pointer = pointer
    }

    /// Reads a PEM file; a passphrase is never asked for, as a server has nobody to ask.
    convenience init(path: String) throws(TLSError) {
        let pem = try PEMFile.read(path)
        OpenSSLErrors.clear()
        let bio = try OpenSSLErrors.check(BIO_new_mem_buf(pem, Int32(clamping: pem.count)))
        defer { BIO_free(bio) }
        guard let pointer = PEM_read_bio_PrivateKey(bio, nil, { _, _, _, _ in -1 }, nil) else {
            let text = String(decoding: pem, as: UTF8.self)
            let reason = OpenSSLErrors.take()
            let isLocked = text.contains("ENCRYPTED")
            throw .noKey(path: path, reason: isLocked ? "it wants a passphrase" : reason)
        }
        self.init(owning: pointer)
    }

    deinit {
        EVP_PKEY_free(pointer)
    }
}
