@testable import XMPP

/// What the tests of the parser say to it.
enum Conversation {
    static let header =
        "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
        + "to='example.org' version='1.0' xml:lang='en'>"

    static let publish =
        "<iq type='set' id='p1'><pubsub xmlns='http://jabber.org/protocol/pubsub'>"
        + "<publish node='urn:lapwing:1:cpu'><item id='current'>"
        + "<cpu xmlns='urn:lapwing:1' at='2026-02-03T04:05:06.789Z'><core i='0' v='1.5'/>\r\n"
        + "&lt;é😀<![CDATA[<raw>]]></cpu></item></publish></pubsub></iq>"

    static let whole =
        "<?xml version='1.0'?>" + header + "<a xmlns='urn:x' b='1&#10;&apos;2'>t&amp;ü</a>\r\n "
        + publish + "\n<message to='a@b'><body>x]]&gt;y</body></message> <presence/>"
        + "</stream:stream>"
}

extension XMLStreamParser {
    /// The events of a text fed in one piece.
    func feed(_ text: String) throws(StreamError) -> [XMLEvent] {
        try feed(Array(text.utf8))
    }

    /// How the stream ends when it says this.
    func failure(_ text: String) -> StreamError.Condition? {
        failure(Array(text.utf8))
    }

    func failure(_ bytes: [UInt8]) -> StreamError.Condition? {
        do throws(StreamError) {
            _ = try feed(bytes)
            return nil
        } catch {
            return error.condition
        }
    }

    /// A parser that has read a header.
    static func opened(
        limits: XMLLimits = .client,
        pool: ParserPool? = nil,
        header: String = Conversation.header
    ) throws(StreamError) -> XMLStreamParser {
        let parser = XMLStreamParser(limits: limits, pool: pool)
        _ = try parser.feed(header)
        return parser
    }
}

extension Element {
    init(parsing text: String) throws(StreamError) {
        try self.init(parsing: Array(text.utf8))
    }

    /// The one form of all elements that mean the same: raw children as trees, attributes in order,
    /// neighbouring texts as one.
    func canonical() throws(StreamError) -> Element {
        var result = self
        result.attributes.sort { ($0.namespace, $0.name) < ($1.namespace, $1.name) }
        result.children = []
        for child in children {
            switch child {
            case .element(let element):
                result.children.append(.element(try element.canonical()))
            case .raw(let raw):
                result.children.append(.element(try raw.parsed().canonical()))
            case .text(let text):
                if case .text(let before) = result.children.last {
                    result.children[result.children.count - 1] = .text(before + text)
                } else {
                    result.children.append(.text(text))
                }
            }
        }
        return result
    }
}
