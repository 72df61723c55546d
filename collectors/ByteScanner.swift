/// Reads words and numbers out of the text of a kernel file, without making strings.
struct ByteScanner {
    private let bytes: [UInt8]
    private(set) var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { position >= bytes.count }

    /// Whether nothing but spaces is left on this line.
    var isAtLineEnd: Bool {
        mutating get {
            skipSpaces()
            return position >= bytes.count || bytes[position] == Self.newline
        }
    }

    /// Goes past spaces and tabs.
    mutating func skipSpaces() {
        while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x09 {
            position += 1
        }
    }

    /// Goes to the start of the next line.
    mutating func skipLine() {
        while position < bytes.count {
            position += 1
            if bytes[position - 1] == Self.newline { return }
        }
    }

    /// A whole number after spaces; nil, and nothing passed but the spaces, when there is none.
    ///
    /// One that is too large for 64 bits stays at the largest.
    mutating func unsigned() -> UInt64? {
        skipSpaces()
        let start = position
        var number: UInt64 = 0
        while position < bytes.count {
            let digit = bytes[position] &- 0x30
            guard digit < 10 else { break }
            let (tens, overflow) = number.multipliedReportingOverflow(by: 10)
            let (sum, overflow2) = tens.addingReportingOverflow(UInt64(digit))
            number = overflow || overflow2 ? .max : sum
            position += 1
        }
        return position > start ? number : nil
    }

    /// A number with an optional fraction.
    mutating func decimal() -> Double? {
        guard let whole = unsigned() else { return nil }
        guard take(UInt8(ascii: ".")) else { return Double(whole) }
        let start = position
        let fraction = unsigned() ?? 0
        var scale = 1.0
        for _ in start..<position { scale *= 10 }
        return Double(whole) + Double(fraction) / scale
    }

    /// The next run of bytes that are neither space nor the end of the line.
    mutating func word() -> Range<Int> {
        skipSpaces()
        let start = position
        while position < bytes.count, bytes[position] > 0x20 { position += 1 }
        return start..<position
    }

    /// Goes past a byte if it is there.
    mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    /// Goes past a text if it is there.
    mutating func take(_ text: StaticString) -> Bool {
        guard matches(text, at: position) else { return false }
        position += text.utf8CodeUnitCount
        return true
    }

    /// The bytes up to `end`, which is passed; nil when it is not on this line.
    mutating func upTo(_ end: UInt8) -> Range<Int>? {
        var index = position
        while index < bytes.count, bytes[index] != Self.newline {
            if bytes[index] == end {
                defer { position = index + 1 }
                return position..<index
            }
            index += 1
        }
        return nil
    }

    func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }

    func equals(_ range: Range<Int>, _ text: StaticString) -> Bool {
        range.count == text.utf8CodeUnitCount && matches(text, at: range.lowerBound)
    }

    func bytes(_ range: Range<Int>) -> ArraySlice<UInt8> { bytes[range] }

    private func matches(_ text: StaticString, at start: Int) -> Bool {
        let count = text.utf8CodeUnitCount
        guard start + count <= bytes.count else { return false }
        return text.withUTF8Buffer { wanted in
            for index in 0..<count where bytes[start + index] != wanted[index] { return false }
            return true
        }
    }

    private static let newline = UInt8(ascii: "\n")
}
