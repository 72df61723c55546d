/// The domain of an address (RFC 7622 §3.2): a host name, an internationalised one, or a literal
/// address.
package enum DomainName {
    /// Code points of the longest label; an encoded label (`xn--`) is never shorter than the text
    /// that it stands for (RFC 1035 §2.3.4 has 63 bytes).
    static let maximumLabelLength = 63

    /// The one form of a domain: lower case, NFC, no dot at the end; nil when it is none.
    ///
    /// Encoded labels stay as they are: both sides of a stream are configured with one spelling.
    static func prepared(_ text: String) -> String? {
        if text.utf8.first == UInt8(ascii: "[") { return literal(text) }
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else { return international(text) }
        let name = text.utf8.last == UInt8(ascii: ".") ? String(text.dropLast()) : text
        guard areHostLabels(name) else { return nil }
        return name.utf8.contains { (0x41...0x5A).contains($0) } ? name.lowercased() : name
    }

    /// RFC 1123 §2.1: letters, digits and inner hyphens.
    private static func areHostLabels(_ name: String) -> Bool {
        var length = 0
        var last: UInt8 = 0
        for byte in name.utf8 {
            switch byte {
            case UInt8(ascii: "."):
                guard length > 0, last != UInt8(ascii: "-") else { return false }
                length = -1
            case UInt8(ascii: "-"):
                guard length > 0 else { return false }
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: break
            default: return false
            }
            length += 1
            guard length <= maximumLabelLength else { return false }
            last = byte
        }
        return length > 0 && last != UInt8(ascii: "-")
    }
}

// MARK: - Internationalised names

extension DomainName {
    /// RFC 5895 §2: width, lower case and NFC first, the ideographic full stop a dot; then RFC 5891
    /// §5.4: each label of permitted code points, no mark at its start, and the Bidi rule for all
    /// labels as soon as one is written from right to left.
    private static func international(_ text: String) -> String? {
        let mapped = String(PreparedString.widthMapped(text).map { $0 == "。" ? "." : $0 })
        guard let lower = UnicodeText.lowercased(mapped),
            var name = UnicodeText.normalized(lower)
        else { return nil }
        if name.utf8.last == UInt8(ascii: ".") { name.unicodeScalars.removeLast() }
        let labels = name.unicodeScalars.split(separator: ".", omittingEmptySubsequences: false)
            .map(Array.init)
        let isBidi = labels.contains(where: BidiRule.applies(to:))
        for label in labels {
            guard isLabel(label), !isBidi || BidiRule.holds(for: label) else { return nil }
        }
        return name
    }

    private static func isLabel(_ label: [Unicode.Scalar]) -> Bool {
        guard let first = label.first, let last = label.last, first != "-", last != "-",
            label.count <= maximumLabelLength, !CodePoint.isMark(first)
        else { return false }
        let isHostOnly = label.allSatisfy { $0.isASCII }
        // RFC 5891 §4.2.3.1: hyphens third and fourth mean an encoded label, which is ASCII.
        if !isHostOnly, label.count > 3, label[2] == "-", label[3] == "-" { return false }
        for (index, scalar) in label.enumerated() {
            if scalar.isASCII {
                guard CodePoint.isHostCharacter(scalar) else { return false }
            } else {
                guard CodePoint.isPermitted(at: index, in: label, of: .identifier) else {
                    return false
                }
            }
        }
        return true
    }
}

// MARK: - Literal addresses

extension DomainName {
    /// An IPv6 address in brackets (RFC 3986 §3.2.2), in lower case.
    private static func literal(_ text: String) -> String? {
        guard text.utf8.last == UInt8(ascii: "]") else { return nil }
        return isIPv6(text.dropFirst().dropLast()) ? text.lowercased() : nil
    }

    private static func isIPv6(_ text: Substring) -> Bool {
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else { return false }
        var groups = text.split(separator: ":", omittingEmptySubsequences: false)
        var isShort = false
        // `::` leaves an empty group; at an edge, two. A single colon there is none of ours.
        if groups.first?.isEmpty == true {
            guard text.hasPrefix("::") else { return false }
            groups.removeFirst()
        }
        if groups.count > 1, groups.last?.isEmpty == true {
            guard text.hasSuffix("::") else { return false }
            groups.removeLast()
        }
        var count = 0
        for (index, group) in groups.enumerated() {
            if group.isEmpty {
                guard !isShort else { return false }
                isShort = true
            } else if index == groups.count - 1, group.contains(".") {
                guard isIPv4(group) else { return false }
                count += 2
            } else {
                guard group.utf8.count <= 4, group.allSatisfy(\.isHexDigit) else { return false }
                count += 1
            }
        }
        return isShort ? count < 8 : count == 8
    }

    private static func isIPv4(_ text: Substring) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                part.utf8.count <= 3 && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
                    && UInt8(part) != nil && (part == "0" || !part.hasPrefix("0"))
            }
    }
}
