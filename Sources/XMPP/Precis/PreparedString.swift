import CUnistring

/// Text prepared for comparison (PRECIS, RFC 8264): texts that mean the same become the same bytes,
/// and what has no place in a name or a password is refused.
package enum PreparedString {
    /// How often a profile is applied until its result stays the same (RFC 8265 §7 warns that once
    /// may not do).
    static let maximumRounds = 4

    /// The OpaqueString profile (RFC 8265 §4.2), for passwords and resources; nil when refused.
    package static func opaque(_ text: String) -> String? {
        guard !text.isEmpty else { return nil }
        // Printable ASCII is its own prepared form.
        if text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) { return text }
        return settle(text) { text in
            let spaced = text.unicodeScalars.map { CodePoint.isSpace($0) ? " " : $0 }
            guard let result = UnicodeText.normalized(String(spaced)) else { return nil }
            return isPermitted(result, .freeform) ? result : nil
        }
    }

    /// The UsernameCaseMapped profile (RFC 8265 §3.3), for local parts; nil when refused.
    package static func username(_ text: String) -> String? {
        guard !text.isEmpty else { return nil }
        return settle(text) { text in
            let mapped = String(widthMapped(text))
            // Preparation looks at what was written, so that nothing is mapped into being allowed.
            guard isPermitted(mapped, .identifier),
                let lower = UnicodeText.lowercased(mapped),
                let result = UnicodeText.normalized(lower),
                isPermitted(result, .identifier)
            else { return nil }
            let scalars = Array(result.unicodeScalars)
            return BidiRule.applies(to: scalars) && !BidiRule.holds(for: scalars) ? nil : result
        }
    }

    /// Fullwidth and halfwidth characters as the ones that they are variants of (RFC 8264 §5.2.1).
    static func widthMapped(_ text: String) -> [Unicode.Scalar] {
        text.unicodeScalars.flatMap { scalar in CodePoint.widthMapping(of: scalar) ?? [scalar] }
    }

    private static func isPermitted(_ text: String, _ stringClass: CodePoint.StringClass) -> Bool {
        let scalars = Array(text.unicodeScalars)
        return scalars.indices.allSatisfy { index in
            CodePoint.isPermitted(at: index, in: scalars, of: stringClass)
        }
    }

    private static func settle(_ text: String, _ apply: (String) -> String?) -> String? {
        var current = text
        for _ in 0..<maximumRounds {
            guard let next = apply(current) else { return nil }
            // Not `==`, which takes canonically equal texts for the same.
            if next.utf8.elementsEqual(current.utf8) { return next }
            current = next
        }
        return nil
    }
}

extension String {
    init(_ scalars: [Unicode.Scalar]) {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        self.init(view)
    }
}

/// The Unicode mappings, from libunistring: one version of Unicode on the wire, whatever the
/// language's runtime knows.
enum UnicodeText {
    /// Normal form C; nil when there is no memory.
    static func normalized(_ text: String) -> String? {
        map(text, lapwing_nfc)
    }

    /// The full lower-case mapping, the same in every language; nil when there is no memory.
    static func lowercased(_ text: String) -> String? {
        map(text, lapwing_lowercase)
    }

    private typealias Mapping = (
        UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<Int>?
    ) -> UnsafeMutablePointer<UInt8>?

    private static func map(_ text: String, _ mapping: Mapping) -> String? {
        var text = text
        return text.withUTF8 { bytes in
            guard !bytes.isEmpty else { return "" }
            var count = 0
            guard let result = mapping(bytes.baseAddress, bytes.count, &count) else { return nil }
            defer { lapwing_unistring_free(result) }
            return String(
                decoding: UnsafeBufferPointer(start: result, count: count),
                as: UTF8.self
            )
        }
    }
}
