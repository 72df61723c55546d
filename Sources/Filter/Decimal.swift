/// Numbers as payloads and expressions write them: the C locale, no hexadecimal, no infinity.
enum Decimal {
    /// UTF-8 bytes of the longest number that is read: the longest that a double needs has 24.
    private static let longest = 40

    /// Reads a text that is a number as a whole; nil for anything else.
    static func parse(_ text: some StringProtocol) -> Double? {
        guard text.utf8.count <= longest, let first = text.utf8.first else { return nil }
        // Most texts that come here are names, which their first byte tells.
        guard
            isDigit(first) || first == UInt8(ascii: "-") || first == UInt8(ascii: "+")
                || first == UInt8(ascii: ".")
        else { return nil }
        guard text.utf8.allSatisfy({ isDigit($0) || marks.contains($0) }) else { return nil }
        guard let number = Double(text), number.isFinite else { return nil }
        return number == 0 ? 0 : number
    }

    /// The shortest text that reads as the same number.
    static func text(_ number: Double) -> String {
        let text = number.description
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    private static let marks = Array("+-.eE".utf8)

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
