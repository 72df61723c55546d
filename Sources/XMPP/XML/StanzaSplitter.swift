import CExpat

/// Takes the stanzas out of a stream that another process of this server writes, without building
/// them: for who only passes them on.
///
/// It finds where elements end and takes the writer's word for all else; what it finds no outline
/// in, it refuses. In pieces of any size; an error is for ever.
package struct StanzaSplitter: Sendable {
    /// What was found, in order.
    package enum Piece: Sendable {
        case stanza(WrittenStanza)
        /// Anything else that stands between stanzas, the stream's end tag among it: for a parser.
        case other([UInt8])
    }

    /// Bytes of the longest element.
    private let limit: Int
    /// An element that is not whole yet, from its first byte.
    private var held: [UInt8] = []
    /// How far what is held was looked at, and how many elements are open there.
    private var scanned = 0
    private var depth = 0
    private var failure: StreamError?

    package init(limit: Int) {
        self.limit = limit
    }

    /// Finds the pieces of what came next, also those before an error.
    package mutating func feed(
        _ bytes: UnsafeRawBufferPointer,
        into pieces: inout [Piece]
    ) throws(StreamError) {
        if let failure { throw failure }
        do throws(StreamError) {
            if held.isEmpty {
                try split(bytes, into: &pieces)
            } else {
                var whole = held
                held = []
                whole.append(contentsOf: bytes)
                let result = whole.withUnsafeBytes { (whole) -> Result<Void, StreamError> in
                    do throws(StreamError) {
                        return .success(try split(whole, into: &pieces))
                    } catch {
                        return .failure(error)
                    }
                }
                try result.get()
            }
        } catch {
            failure = error
            held = []
            throw error
        }
    }

    private mutating func split(
        _ bytes: UnsafeRawBufferPointer,
        into pieces: inout [Piece]
    ) throws(StreamError) {
        var outline = Outline(bytes, at: scanned, depth: depth)
        var start = 0
        while let end = try outline.nextEnd(from: &start) {
            let element = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            try check(element.count)
            if let kind = Stanza.Kind(markup: element) {
                pieces.append(.stanza(WrittenStanza(kind, element)))
            } else {
                pieces.append(.other(Array(element)))
            }
            start = end
        }
        try check(bytes.count - start)
        held.append(contentsOf: bytes[start...])
        scanned = outline.index - start
        depth = outline.depth
    }

    private func check(_ size: Int) throws(StreamError) {
        guard size <= limit else {
            throw StreamError(.policyViolation, text: "stanza too big")
        }
    }
}

/// Where the elements of a piece of a stream end.
private struct Outline {
    private let bytes: UnsafeRawBufferPointer
    /// All before it is understood: it stands at the end of a token.
    private(set) var index: Int
    /// Elements that are open there.
    private(set) var depth: Int

    init(_ bytes: UnsafeRawBufferPointer, at index: Int, depth: Int) {
        self.bytes = bytes
        self.index = index
        self.depth = depth
    }

    /// Behind the next child of the stream; nil while it is not whole.
    ///
    /// `start` goes on to where it begins, behind what is white (RFC 6120 §11.7).
    mutating func nextEnd(from start: inout Int) throws(StreamError) -> Int? {
        if depth == 0 {
            while index < bytes.count, XMLWhitespace.contains(bytes[index]) { index += 1 }
            start = index
            if index < bytes.count, bytes[index] != UInt8(ascii: "<") {
                throw StreamError(.badFormat, text: "text between stanzas")
            }
        }
        while let tag = find(UInt8(ascii: "<"), from: index) {
            guard tag + 1 < bytes.count else { return stop(at: tag) }
            switch bytes[tag + 1] {
            case UInt8(ascii: "/"):
                guard let end = find(UInt8(ascii: ">"), from: tag) else { return stop(at: tag) }
                index = end + 1
                depth -= 1
            case UInt8(ascii: "!"):
                guard let end = try endOfLiteral(at: tag) else { return stop(at: tag) }
                index = end
                continue
            case UInt8(ascii: "?"): throw StreamError(.restrictedXML)
            default:
                guard let end = StartTagReader.end(of: bytes, from: tag) else {
                    return stop(at: tag)
                }
                index = end + 1
                if bytes[end - 1] != UInt8(ascii: "/") { depth += 1 }
            }
            if depth <= 0 {
                // The stream's own end tag closes what was open before the first byte.
                depth = 0
                return index
            }
        }
        index = bytes.count
        return nil
    }

    /// The token at `tag` is not whole: it is looked at again.
    private mutating func stop(at tag: Int) -> Int? {
        index = tag
        return nil
    }

    private func find(_ byte: UInt8, from start: Int) -> Int? {
        guard start < bytes.count, let base = bytes.baseAddress else { return nil }
        let found = start + lapwing_find(base + start, bytes.count - start, byte)
        return found < bytes.count ? found : nil
    }

    /// Behind a CDATA section, the only thing of its kind that may stand in a stream (RFC 6120
    /// §11.1); nil while it is not whole.
    private func endOfLiteral(at tag: Int) throws(StreamError) -> Int? {
        let opening: [UInt8] = Array("<![CDATA[".utf8)
        let seen = bytes[tag...].prefix(opening.count)
        guard opening.starts(with: seen) else { throw StreamError(.restrictedXML) }
        var from = tag + opening.count
        while let end = find(UInt8(ascii: "]"), from: from) {
            guard end + 2 < bytes.count else { return nil }
            if bytes[end + 1] == UInt8(ascii: "]"), bytes[end + 2] == UInt8(ascii: ">") {
                return end + 3
            }
            from = end + 1
        }
        return nil
    }
}
