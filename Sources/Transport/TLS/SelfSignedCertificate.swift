import COpenSSL
package import XMPP

/// A certificate that vouches for itself, for servers that clients know by its fingerprint.
package struct SelfSignedCertificate: Sendable {
    /// The certificate as PEM.
    package let certificate: [UInt8]
    /// The private key as PEM, without a passphrase: its file must be its owner's alone.
    package let key: [UInt8]
    package let fingerprint: Fingerprint

    /// RFC 1035 §2.3.4.
    private static let longestName = 253
    /// RFC 5280 allows more names; whoever needs more than these wants a real certificate.
    private static let mostNames = 100

    /// Makes an EC P-256 key and a certificate for it.
    ///
    /// - Parameters:
    ///   - names: DNS names and IP addresses; the first becomes the subject too.
    ///   - days: how long it is valid, at least one.
    ///   - start: from when it is valid: a little in the past, for clocks that are behind.
    /// - Returns: certificate and key.
    /// - Throws: a name that cannot be one.
    package static func make(
        names: [String],
        days: Int,
        start: Instant
    ) throws(TLSError) -> SelfSignedCertificate {
        OpenSSLErrors.clear()
        let key = PrivateKey(owning: try OpenSSLErrors.check(lw_generate_p256()))
        let certificate = Certificate(owning: try OpenSSLErrors.check(X509_new()))
        let pointer = certificate.pointer
        try OpenSSLErrors.check(X509_set_version(pointer, 2))
        try setSerial(pointer)
        var seconds = time_t(start.milliseconds / 1000)
        let length = min(max(days, 1), 36_500)
        _ = try OpenSSLErrors.check(
            X509_time_adj_ex(X509_getm_notBefore(pointer), 0, 0, &seconds)
        )
        _ = try OpenSSLErrors.check(
            X509_time_adj_ex(X509_getm_notAfter(pointer), Int32(length), 0, &seconds)
        )
        try setNames(pointer, names)
        try add(pointer, NID_basic_constraints, "critical,CA:FALSE")
        try add(pointer, NID_key_usage, "critical,digitalSignature")
        try add(pointer, NID_ext_key_usage, "serverAuth,clientAuth")
        try OpenSSLErrors.check(X509_set_pubkey(pointer, key.pointer))
        try OpenSSLErrors.check(X509_sign(pointer, key.pointer, EVP_sha256()))
        return SelfSignedCertificate(
            certificate: try pem { PEM_write_bio_X509($0, pointer) },
            key: try pem { PEM_write_bio_PrivateKey($0, key.pointer, nil, nil, 0, nil, nil) },
            fingerprint: certificate.fingerprint
        )
    }

    private static func setSerial(_ certificate: OpaquePointer) throws(TLSError) {
        // RFC 5280 §4.1.2.2: positive, at most 20 bytes; unguessable by custom.
        var bytes = Random.bytes(16)
        bytes[0] &= 0x7F
        let number = try OpenSSLErrors.check(BN_bin2bn(bytes, Int32(bytes.count), nil))
        defer { BN_free(number) }
        _ = try OpenSSLErrors.check(
            BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate))
        )
    }

    private static func setNames(_ pointer: OpaquePointer, _ names: [String]) throws(TLSError) {
        guard let first = names.first, names.count <= mostNames else {
            throw .badName(names.first ?? "")
        }
        let subject = X509_get_subject_name(pointer)
        // A common name has 64 characters at most (RFC 5280 appendix A); nobody reads it here.
        let common = Array(first.utf8.prefix(64))
        try OpenSSLErrors.check(
            X509_NAME_add_entry_by_NID(
                subject,
                NID_commonName,
                MBSTRING_UTF8,
                common,
                Int32(common.count),
                -1,
                0
            )
        )
        try OpenSSLErrors.check(X509_set_issuer_name(pointer, subject))
        let list = try OpenSSLErrors.check(GENERAL_NAMES_new())
        defer { GENERAL_NAMES_free(list) }
        for name in names { try append(name, to: list) }
        try OpenSSLErrors.check(
            X509_add1_ext_i2d(pointer, NID_subject_alt_name, UnsafeMutableRawPointer(list), 0, 0)
        )
    }

    private static func append(_ text: String, to list: OpaquePointer) throws(TLSError) {
        let address = Address.bytes(text)
        let bytes = address ?? Array(text.utf8)
        let isName =
            !bytes.isEmpty && bytes.count <= longestName && bytes.allSatisfy(isOfNames)
        guard address != nil || isName else { throw .badName(String(text.prefix(100))) }
        guard lw_names_add(list, bytes, Int32(bytes.count), address != nil ? 1 : 0) == 1 else {
            throw OpenSSLErrors.failure()
        }
    }

    /// Letters, digits and what stands between labels; `*` for a wildcard.
    private static func isOfNames(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "*"), UInt8(ascii: "_"): true
        default: false
        }
    }

    private static func add(
        _ certificate: OpaquePointer,
        _ id: Int32,
        _ value: String
    ) throws(TLSError) {
        let found = try OpenSSLErrors.check(X509V3_EXT_conf_nid(nil, nil, id, value))
        defer { X509_EXTENSION_free(found) }
        try OpenSSLErrors.check(X509_add_ext(certificate, found, -1))
    }

    private static func pem(_ write: (OpaquePointer) -> Int32) throws(TLSError) -> [UInt8] {
        let bio = try OpenSSLErrors.check(BIO_new(BIO_s_mem()))
        defer { BIO_free(bio) }
        try OpenSSLErrors.check(write(bio))
        var start: UnsafeMutablePointer<CChar>?
        let count = lw_bio_memory(bio, &start)
        guard let start, count > 0 else { throw OpenSSLErrors.failure() }
        return UnsafeRawBufferPointer(start: start, count: count).map { $0 }
    }
}
