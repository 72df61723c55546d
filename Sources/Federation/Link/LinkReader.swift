package import XMPP

/// What comes on a connection of a link.
package enum LinkEvent: Sendable {
    case opened(StreamHeader)
    case received(LinkInput)
    /// The end tag.
    case closed
}

/// A child of a link's stream.
package enum LinkInput: Sendable, Equatable {
    case element(Element)
    /// At an edge, which reads no more of it than it must.
    case stanza(WrittenStanza)
}

/// Reads one connection of a link.
package final class LinkReader {
    private let parser: XMLStreamParser
    private var splitter: StanzaSplitter?

    package init(pool: ParserPool? = nil) {
        parser = XMLStreamParser(limits: .beforeAuthentication, pool: pool)
    }

    /// The peer is authenticated; where it is our router, its stanzas are not looked into.
    ///
    /// It has nothing to say before the edge's first word, so that nothing of it is read already.
    package func begin(isEdge: Bool) {
        parser.limits = .link
        if isEdge { splitter = StanzaSplitter(limit: XMLLimits.link.stanzaBytes) }
    }

    /// Reads what came next and hands over the events, also those before an error.
    package func feed(
        _ bytes: UnsafeRawBufferPointer,
        _ take: (LinkEvent) -> Void
    ) throws(StreamError) {
        guard splitter != nil else { return try parse(bytes, take) }
        var pieces: [StanzaSplitter.Piece] = []
        var failure: StreamError?
        do throws(StreamError) {
            try splitter?.feed(bytes, into: &pieces)
        } catch {
            failure = error
        }
        for piece in pieces {
            switch piece {
            case .stanza(let stanza): take(.received(.stanza(stanza)))
            case .other(let bytes): try parse(bytes, take)
            }
        }
        if let failure { throw failure }
    }

    private func parse(
        _ bytes: [UInt8],
        _ take: (LinkEvent) -> Void
    ) throws(StreamError) {
        let result = bytes.withUnsafeBytes { (bytes) -> Result<Void, StreamError> in
            do throws(StreamError) {
                return .success(try parse(bytes, take))
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    private func parse(
        _ bytes: UnsafeRawBufferPointer,
        _ take: (LinkEvent) -> Void
    ) throws(StreamError) {
        var events: [XMLEvent] = []
        var failure: StreamError?
        do throws(StreamError) {
            try parser.feed(bytes, into: &events)
        } catch {
            failure = error
        }
        for event in events {
            switch event {
            case .opened(let header): take(.opened(header))
            case .element(let element): take(.received(.element(element)))
            case .closed: take(.closed)
            // Of a parser that passes stanzas on, which this is not.
            case .passed: break
            }
        }
        if let failure { throw failure }
    }
}
