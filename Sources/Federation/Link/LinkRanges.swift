/// Numbers of stanzas on a link, ascending and each once: `1-40 45`.
package struct LinkRanges: Sendable, Equatable {
    package private(set) var ranges: [ClosedRange<UInt64>] = []

    /// Ranges in one attribute: what all stanzas under way would need in the worst order.
    package static let rangesMax = LinkLimits.stanzasMost

    /// Numbers in any order.
    package init(_ numbers: [UInt64] = []) {
        for number in numbers.sorted() { append(number) }
    }

    private mutating func append(_ number: UInt64) {
        guard let last = ranges.last, let end = ranges.indices.last else {
            return ranges.append(number...number)
        }
        if number <= last.upperBound { return }
        // The last is smaller than a number that there is: one more does not overflow.
        if number == last.upperBound + 1 {
            ranges[end] = last.lowerBound...number
        } else {
            ranges.append(number...number)
        }
    }

    package var isEmpty: Bool { ranges.isEmpty }

    func contains(_ number: UInt64) -> Bool {
        var low = ranges.startIndex
        var high = ranges.endIndex
        while low < high {
            let middle = low + (high - low) / 2
            if ranges[middle].upperBound < number { low = middle + 1 } else { high = middle }
        }
        return low < ranges.endIndex && ranges[low].lowerBound <= number
    }

    /// Whether no number is in both.
    func isDisjoint(with other: LinkRanges) -> Bool {
        var rest = other.ranges[...]
        for range in ranges {
            while let next = rest.first, next.upperBound < range.lowerBound { rest.removeFirst() }
            if let next = rest.first, next.lowerBound <= range.upperBound { return false }
        }
        return true
    }

    /// The numbers, where none is above `last` and there are not more than `most`; nil otherwise.
    ///
    /// Looked at before they are counted out: a range costs the other side forty bytes, and would
    /// cost us up to 2^64 numbers.
    package func numbers(through last: UInt64, most: Int) -> [UInt64]? {
        guard (ranges.last?.upperBound ?? 0) <= last else { return nil }
        var room = UInt64(clamping: most)
        for range in ranges {
            let more = range.upperBound - range.lowerBound
            guard more < room else { return nil }
            room -= more + 1
        }
        return ranges.flatMap { $0 }
    }
}

// MARK: - Text

extension LinkRanges {
    /// Nil for what is no list of numbers above 0, ascending, with single spaces between them.
    package init?(_ text: String) {
        guard !text.isEmpty else { return }
        for word in text.utf8.split(
            separator: UInt8(ascii: " "),
            maxSplits: Self.rangesMax,
            omittingEmptySubsequences: false
        ) {
            guard ranges.count < Self.rangesMax, let range = Self.range(word) else { return nil }
            if let last = ranges.last, range.lowerBound <= last.upperBound { return nil }
            ranges.append(range)
        }
    }

    private static func range(_ word: Substring.UTF8View) -> ClosedRange<UInt64>? {
        guard let dash = word.firstIndex(of: UInt8(ascii: "-")) else {
            return number(word).map { $0...$0 }
        }
        guard let first = number(word[..<dash]),
            let last = number(word[word.index(after: dash)...]),
            first < last
        else { return nil }
        return first...last
    }

    private static func number(_ digits: Substring.UTF8View) -> UInt64? {
        guard let number = UInt64(linkDigits: digits), number > 0 else { return nil }
        return number
    }

    /// As an attribute has it.
    package var text: String {
        ranges.map {
            $0.lowerBound == $0.upperBound
                ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)"
        }.joined(separator: " ")
    }
}

extension UInt64 {
    /// Decimal digits and nothing else; nil for what 64 bits do not hold.
    init?(linkDigits digits: Substring.UTF8View) {
        // 2^64 has 20 digits.
        guard (1...20).contains(digits.count) else { return nil }
        var value: UInt64 = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            let (product, tooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, tooLargeStill) = product.addingReportingOverflow(UInt64(digit - 0x30))
            if tooLarge || tooLargeStill { return nil }
            value = sum
        }
        self = value
    }
}
