/// Reads a stream of XML as it arrives, in pieces of any size.
///
/// Before the header it skips whitespace; then come children of the stream, whole, with nothing
/// but whitespace between them, until the end tag. What RFC 6120 §11 forbids, and what goes over
/// the limits, is refused while it comes in. Children of pubsub items are kept as bytes
/// (``RawElement``). An error is for ever, until ``restart()``.
///
/// Confined to one event loop, as is the pool. With a pool, a parser is held only in the middle of
/// something.
package final class XMLStreamParser {
    /// What one stanza may cost; takes effect with the next bytes.
    package var limits: XMLLimits
    /// Whether stanzas are only passed on, on a stream between servers: they come as
    /// ``XMLEvent/passed(_:)``.
    ///
    /// Another process that reads them with wider limits finds nothing that it would refuse.
    package var passesStanzas = false

    private enum Phase {
        case header
        case stanzas(StreamContext)
        case closed
        case failed(StreamError)
    }

    private var phase = Phase.header
    private var reader: ExpatReader?
    private let pool: ParserPool
    private let isPooled: Bool

    /// Waits for a stream's header; without a pool it keeps a parser of its own.
    package init(limits: XMLLimits, pool: ParserPool? = nil) {
        self.limits = limits
        isPooled = pool != nil
        self.pool = pool ?? ParserPool()
    }

    /// Whether a parser is held at the moment.
    package var holdsParser: Bool { reader != nil }

    /// Starts over: a new header follows, as after TLS and after SASL (RFC 6120 §4.3.3).
    package func restart() {
        phase = .header
        reader = nil
    }

    /// Parses what came next and adds the events to `events`: also those before an error, so that
    /// how a stream was cut makes no difference.
    package func feed(
        _ bytes: UnsafeRawBufferPointer,
        into events: inout [XMLEvent]
    ) throws(StreamError) {
        switch phase {
        case .failed(let error): throw error
        case .closed: return
        case .header, .stanzas: break
        }
        do throws(StreamError) {
            try parse(bytes, into: &events)
        } catch {
            phase = .failed(error)
            reader = nil
            throw error
        }
    }

    /// Parses what came next; an error hides the events before it in the same bytes.
    package func feed(_ bytes: UnsafeRawBufferPointer) throws(StreamError) -> [XMLEvent] {
        var events: [XMLEvent] = []
        try feed(bytes, into: &events)
        return events
    }

    /// Parses what came next; an error hides the events before it in the same bytes.
    package func feed(_ bytes: [UInt8]) throws(StreamError) -> [XMLEvent] {
        var events: [XMLEvent] = []
        try feed(bytes, into: &events)
        return events
    }

    /// Parses what came next and adds the events to `events`, also those before an error.
    package func feed(
        _ bytes: [UInt8],
        into events: inout [XMLEvent]
    ) throws(StreamError) {
        var collected: [XMLEvent] = []
        let result = bytes.withUnsafeBytes { (bytes) -> Result<Void, StreamError> in
            do throws(StreamError) {
                return .success(try feed(bytes, into: &collected))
            } catch {
                return .failure(error)
            }
        }
        events += collected
        try result.get()
    }
}

extension XMLStreamParser {
    private func parse(
        _ bytes: UnsafeRawBufferPointer,
        into events: inout [XMLEvent]
    ) throws(StreamError) {
        var bytes = bytes
        if reader == nil {
            // A keepalive is not worth a parser; and before a header it would make an XML
            // declaration misplaced.
            guard let start = bytes.firstIndex(where: { !XMLWhitespace.contains($0) }) else {
                return
            }
            bytes = UnsafeRawBufferPointer(rebasing: bytes[start...])
            if case .header = phase { try XMLProlog.check(bytes) }
        } else if let reader, reader.fed == 1 {
            try XMLProlog.check(second: bytes.first)
        }
        let reader = try currentReader()
        reader.limits = limits
        reader.passesStanzas = passesStanzas
        defer { events += reader.takeEvents() }
        try reader.feed(bytes)
        settle(reader)
    }

    private func currentReader() throws(StreamError) -> ExpatReader {
        if let reader { return reader }
        var context: StreamContext?
        if case .stanzas(let known) = phase { context = known }
        let reader = try pool.borrow(context, limits: limits)
        self.reader = reader
        return reader
    }

    private func settle(_ reader: ExpatReader) {
        if reader.builder.isClosed {
            phase = .closed
            self.reader = nil
            return
        }
        if case .header = phase, let context = reader.builder.context {
            phase = .stanzas(context)
        }
        guard isPooled || reader.isWorn, reader.isAtRest else { return }
        self.reader = nil
        pool.giveBack(reader)
    }
}

/// What is checked before expat sees the first bytes: by the first two it decides whether to read
/// UTF-16, whatever encoding it was given.
enum XMLProlog {
    /// Refuses a beginning that is no markup in UTF-8 (RFC 6120 §11.6).
    static func check(_ bytes: UnsafeRawBufferPointer) throws(StreamError) {
        guard let first = bytes.first else { return }
        if first != UInt8(ascii: "<") {
            let isUTF16 = first == 0 || first >= 0xFE
            throw StreamError(isUTF16 ? .unsupportedEncoding : .notWellFormed)
        }
        try check(second: bytes.dropFirst().first)
    }

    /// Refuses a zero behind the `<`: in UTF-16 the other half of it.
    static func check(second byte: UInt8?) throws(StreamError) {
        if byte == 0 { throw StreamError(.unsupportedEncoding) }
    }
}
