import COpenSSL
package import XMPP

/// An X.509 certificate, for reading.
package final class Certificate: Sendable {
    /// Reference counted and unchanged after it is read, hence free to share between threads.
    nonisolated(unsafe) let pointer: OpaquePointer

    /// Takes over one reference.
    init(owning pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        X509_free(pointer)
    }

    /// All certificates of a PEM text, in order.
    static func chain(pem: [UInt8]) -> [Certificate] {
        guard let bio = BIO_new_mem_buf(pem, Int32(clamping: pem.count)) else { return [] }
        defer { BIO_free(bio) }
        var chain: [Certificate] = []
        while let pointer = PEM_read_bio_X509(bio, nil, nil, nil) {
            chain.append(Certificate(owning: pointer))
        }
        OpenSSLErrors.clear()
        return chain
    }

    /// The first certificate of a PEM file.
    package static func read(path: String) throws(TLSError) -> Certificate {
        guard let first = chain(pem: try PEMFile.read(path)).first else {
            throw .noCertificate(path: path)
        }
        return first
    }
}

// MARK: - What it says

extension Certificate {
    /// The certificate itself in its binary form (DER).
    package var encoded: [UInt8] {
        var bytes: UnsafeMutablePointer<UInt8>?
        let count = i2d_X509(pointer, &bytes)
        defer { lw_free(bytes) }
        guard count > 0, let bytes else { return [] }
        return Array(UnsafeBufferPointer(start: bytes, count: Int(count)))
    }

    /// The SHA-256 of the certificate.
    package var fingerprint: Fingerprint { Fingerprint(of: self) }

    /// The DNS names and IP addresses it is for (RFC 9525: the subject's common name is none).
    package var names: [String] {
        let extensionID = NID_subject_alt_name
        guard let raw = X509_get_ext_d2i(pointer, extensionID, nil, nil) else { return [] }
        let list = OpaquePointer(raw)
        defer { GENERAL_NAMES_free(list) }
        return (0..<lw_names_count(list)).compactMap { index in
            guard let name = lw_names_at(list, index) else { return nil }
            var isAddress: Int32 = 0
            guard let string = lw_name_string(name, &isAddress),
                let start = ASN1_STRING_get0_data(string)
            else { return nil }
            let bytes = UnsafeBufferPointer(start: start, count: Int(ASN1_STRING_length(string)))
            return isAddress != 0 ? Address.text(bytes) : String(decoding: bytes, as: UTF8.self)
        }
    }

    /// The `tls-server-end-point` channel binding (RFC 5929 §4.1): the certificate's hash by its
    /// own signature's.
    var endPointBinding: [UInt8]? {
        // Ed25519 names no hash: the binding is not defined then.
        guard var digest = lw_digest_of_signature(pointer) else { return nil }
        let type = EVP_MD_get_type(digest)
        if type == NID_md5 || type == NID_sha1 { digest = EVP_sha256() }
        var bytes = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        guard X509_digest(pointer, digest, &bytes, &count) == 1 else { return nil }
        return Array(bytes.prefix(Int(count)))
    }

    /// Until when it is valid.
    package var validUntil: Instant? { Self.instant(X509_get0_notAfter(pointer)) }

    /// From when it is valid.
    package var validFrom: Instant? { Self.instant(X509_get0_notBefore(pointer)) }

    /// Whether the system's clock is within its time.
    package var isValidNow: Bool {
        X509_cmp_current_time(X509_get0_notBefore(pointer)) < 0
            && X509_cmp_current_time(X509_get0_notAfter(pointer)) > 0
    }

    /// Whether it is for that name, by RFC 9525.
    package func covers(_ name: String) -> Bool {
        let flags = UInt32(
            X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS
        )
        return X509_check_host(pointer, name, 0, flags, nil) == 1
    }

    /// The names and the time of validity in one line.
    package var summary: String {
        let names = names.isEmpty ? "no names" : names.joined(separator: ", ")
        return "\(names); \(validity)"
    }

    /// The time of validity in words.
    var validity: String {
        let from = validFrom?.dateTime ?? "?"
        let until = validUntil?.dateTime ?? "?"
        return "valid from \(from) until \(until)"
    }

    private static func instant(_ time: UnsafePointer<ASN1_TIME>?) -> Instant? {
        var days: Int32 = 0
        var seconds: Int32 = 0
        guard let epoch = ASN1_TIME_set(nil, 0) else { return nil }
        defer { ASN1_TIME_free(epoch) }
        guard let time, ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else { return nil }
        return Instant(milliseconds: (Int64(days) * 86_400 + Int64(seconds)) * 1000)
    }
}

// MARK: - Fingerprints

/// The SHA-256 of a certificate, by which a client can know its server without authorities.
package struct Fingerprint: Sendable, Hashable, CustomStringConvertible {
    package let bytes: [UInt8]

    init(of certificate: Certificate) {
        bytes = Digest.sha256(certificate.encoded)
    }

    /// Reads 64 hexadecimal digits, in pairs parted by colons or not.
    package init(_ text: String) throws(TLSError) {
        let digits = text.filter { $0 != ":" && $0 != " " }
        guard let bytes = Hex.decode(digits), bytes.count == Digest.sha256.byteCount else {
            throw .badFingerprint(String(text.prefix(100)))
        }
        self.bytes = bytes
    }

    /// 64 hexadecimal digits.
    package var description: String { Hex.encode(bytes) }
}
