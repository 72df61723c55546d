/// A password prepared for comparison: the same bytes whichever way it was typed.
package struct Password: Sendable, Hashable {
    /// What PBKDF2 is fed: the OpaqueString profile's UTF-8 (RFC 8265 §4.2).
    package let bytes: [UInt8]

    /// The most characters of a password.
    ///
    /// More than anybody types, and it bounds what a stranger can make the server hash (XEP-0438
    /// advises 64 to 128).
    package static let charactersMax = 128

    /// Prepares `text`; fails when it is empty, too long, or has characters that no password can.
    package init(_ text: String) throws(PasswordError) {
        guard text.unicodeScalars.count <= Self.charactersMax else { throw .tooLong }
        guard let prepared = PreparedString.opaque(text) else { throw .unusable }
        bytes = Array(prepared.utf8)
    }
}

/// Why a text is not a password.
package enum PasswordError: Error, Hashable {
    case tooLong
    /// Empty, or with characters that RFC 8265 §4.2 forbids (control characters …).
    case unusable
}
