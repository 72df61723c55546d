extension Level {
    /// The level that the root of a payload names, found without reading the rest; `ok` where it
    /// names none.
    ///
    /// Summaries come every second from every host, and nothing else of them is looked at on the
    /// way. `markup` has been through a parser: it is not checked again.
    package init(ofPayload markup: [UInt8]) {
        var scanner = RootScanner(markup)
        while let (name, value) = scanner.nextAttribute() {
            guard name.elementsEqual("level".utf8) else { continue }
            self = Level(rawValue: String(decoding: value, as: UTF8.self)) ?? .unknown
            return
        }
        self = .ok
    }
}

/// Steps through the attributes of the first tag of well-formed markup.
private struct RootScanner {
    private var rest: ArraySlice<UInt8>

    init(_ markup: [UInt8]) {
        rest = markup[...].drop { !Self.isSpace($0) && !Self.isEnd($0) }
    }

    mutating func nextAttribute() -> (name: ArraySlice<UInt8>, value: ArraySlice<UInt8>)? {
        rest = rest.drop(while: Self.isSpace)
        guard let first = rest.first, !Self.isEnd(first) else { return nil }
        let name = rest.prefix { $0 != UInt8(ascii: "=") && !Self.isSpace($0) }
        rest = rest[name.endIndex...].drop { $0 == UInt8(ascii: "=") || Self.isSpace($0) }
        guard let quote = rest.popFirst() else { return nil }
        let value = rest.prefix { $0 != quote }
        rest = rest[value.endIndex...].dropFirst()
        return (name, value)
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    private static func isEnd(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ">") || byte == UInt8(ascii: "/")
    }
}
