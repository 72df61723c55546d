/// A pattern over a whole text: `*` is any text, `?` any one character, `\` takes the next one as
/// it is.
///
/// Matched on the bytes of UTF-8 with one place to resume at, the last `*`. That is enough: what
/// an earlier `*` could take more of, the last one can take as well. So a match takes at most the
/// text's length times the pattern's, and never more however many `*` there are.
struct Glob: Sendable {
    /// The pattern as it was written.
    let pattern: String
    private let symbols: [UInt16]

    private static let anyCharacter: UInt16 = 256
    private static let anyText: UInt16 = 257

    /// Nil when the pattern ends in a lone backslash.
    init?(_ pattern: String) {
        var symbols: [UInt16] = []
        var isEscaped = false
        for byte in pattern.utf8 {
            if isEscaped {
                symbols.append(UInt16(byte))
                isEscaped = false
                continue
            }
            switch byte {
            case UInt8(ascii: "\\"): isEscaped = true
            case UInt8(ascii: "?"): symbols.append(Self.anyCharacter)
            case UInt8(ascii: "*"):
                if symbols.last != Self.anyText { symbols.append(Self.anyText) }
            default: symbols.append(UInt16(byte))
            }
        }
        if isEscaped { return nil }
        self.pattern = pattern
        self.symbols = symbols
    }

    /// Whether the pattern covers the whole text; adds the steps that it took to `work`.
    func matches(_ text: String, work: inout Int) -> Bool {
        var text = text
        return text.withUTF8 { matches($0, &work) }
    }

    private func matches(_ text: UnsafeBufferPointer<UInt8>, _ work: inout Int) -> Bool {
        var here = 0
        var next = 0
        var resume: (symbol: Int, place: Int)?
        while here < text.count {
            work &+= 1
            if next < symbols.count, symbols[next] == Self.anyText {
                next += 1
                if next == symbols.count { return true }
                resume = (next, here)
            } else if next < symbols.count, let width = width(of: symbols[next], in: text, here) {
                next += 1
                here += width
            } else if let last = resume {
                here = last.place + 1
                next = last.symbol
                resume = (next, here)
            } else {
                return false
            }
        }
        return symbols[next...].allSatisfy { $0 == Self.anyText }
    }

    /// How many bytes of the text the symbol takes; nil when it does not fit.
    private func width(
        of symbol: UInt16,
        in text: UnsafeBufferPointer<UInt8>,
        _ place: Int
    ) -> Int? {
        guard symbol == Self.anyCharacter else { return symbol == UInt16(text[place]) ? 1 : nil }
        guard !UTF8.isContinuation(text[place]) else { return nil }
        var end = place + 1
        while end < text.count, UTF8.isContinuation(text[end]) { end += 1 }
        return end - place
    }
}

extension Glob: Hashable {
    static func == (left: Self, right: Self) -> Bool {
        left.pattern.isExactly(right.pattern)
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(pattern)
    }
}
