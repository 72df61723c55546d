import Testing

@testable import XMPP

struct XMLLimitTests {
    private func outcome(_ text: String, _ limits: XMLLimits) throws -> [StreamError.Condition?] {
        // In one piece, and byte by byte.
        let whole = try XMLStreamParser.opened()
        whole.limits = limits
        let piecemeal = try XMLStreamParser.opened(pool: ParserPool())
        piecemeal.limits = limits
        var last: StreamError.Condition?
        for byte in text.utf8 { last = last ?? piecemeal.failure([byte]) }
        return [whole.failure(text), last]
    }

    @Test func limitsBytes() throws {
        for text in ["<a b='\(String(repeating: "x", count: 50))'/>", "<a>\n<b/>  <c>&lt;</c></a>"]
        {
            let limits = XMLLimits(stanzaBytes: text.utf8.count)
            #expect(try outcome(text, limits) == [nil, nil])
            #expect(try outcome("  " + text + "\n\n" + text, limits) == [nil, nil])
            let less = XMLLimits(stanzaBytes: text.utf8.count - 1)
            #expect(try outcome(text, less) == [.policyViolation, .policyViolation])
        }
    }

    @Test func limitsBytesBeforeTheEnd() throws {
        let parser = try XMLStreamParser.opened()
        parser.limits = XMLLimits(stanzaBytes: 100)
        #expect(parser.failure("<a>" + String(repeating: "x", count: 97)) == nil)
        #expect(parser.failure("x") == .policyViolation)
        let inTag = try XMLStreamParser.opened()
        inTag.limits = XMLLimits(stanzaBytes: 100)
        #expect(inTag.failure("<a b='" + String(repeating: "x", count: 94)) == nil)
        #expect(inTag.failure("x") == .policyViolation)
    }

    @Test func limitsTheHeader() throws {
        let limits = XMLLimits(stanzaBytes: Conversation.header.utf8.count)
        #expect(XMLStreamParser(limits: limits).failure(Conversation.header) == nil)
        let less = XMLLimits(stanzaBytes: Conversation.header.utf8.count - 1)
        #expect(XMLStreamParser(limits: less).failure(Conversation.header) == .policyViolation)
        let parser = XMLStreamParser(limits: less)
        #expect(parser.failure(String(Conversation.header.dropLast())) == nil)
        #expect(parser.failure(">") == .policyViolation)
    }

    @Test func limitsDepth() throws {
        let limits = XMLLimits(stanzaBytes: 1000, depth: 3)
        #expect(try outcome("<a><a><a/></a><a><a/></a></a>", limits) == [nil, nil])
        let deep = "<a><a><a><a/></a></a></a>"
        #expect(try outcome(deep, limits) == [.policyViolation, .policyViolation])
    }

    @Test func limitsDepthInPayloads() throws {
        let item = "<pubsub xmlns='http://jabber.org/protocol/pubsub'><item>"
        let limits = XMLLimits(stanzaBytes: 1000, depth: 4)
        #expect(try outcome(item + "<a><b/></a></item></pubsub>", limits) == [nil, nil])
        let deep = item + "<a><b><c/></b></a></item></pubsub>"
        #expect(try outcome(deep, limits) == [.policyViolation, .policyViolation])
    }

    @Test func limitsAttributes() throws {
        let limits = XMLLimits(stanzaBytes: 1000, attributes: 3)
        #expect(try outcome("<a b='' c='' xmlns:d='urn:d'/>", limits) == [nil, nil])
        let many = "<a b='' c='' d:e='' xmlns:d='urn:d'/>"
        #expect(try outcome(many, limits) == [.policyViolation, .policyViolation])
        let declarations = "<a xmlns='a' xmlns:b='b' xmlns:c='c' xmlns:d='d'/>"
        #expect(try outcome(declarations, limits) == [.policyViolation, .policyViolation])
    }

    @Test func limitsChildren() throws {
        let limits = XMLLimits(stanzaBytes: 1000, children: 3)
        let fits = "<a><b><c/></b><d/></a>"
        #expect(try outcome(fits + fits, limits) == [nil, nil])
        let many = "<a><b><c/></b><d/><e/></a>"
        #expect(try outcome(many, limits) == [.policyViolation, .policyViolation])
        let payload =
            "<a xmlns='http://jabber.org/protocol/pubsub'><item><b><c/><d/></b></item></a>"
        #expect(try outcome(payload, limits) == [.policyViolation, .policyViolation])
    }

    @Test func limitsDeclarationsInForce() throws {
        // The header has two.
        let limits = XMLLimits(stanzaBytes: 1000, declarations: 4)
        #expect(try outcome("<a xmlns='a'><b xmlns='b'/><c xmlns='c'/></a>", limits) == [nil, nil])
        let many = "<a xmlns='a'><b xmlns='b'><c xmlns='c'/></b></a>"
        #expect(try outcome(many, limits) == [.policyViolation, .policyViolation])
        let payload =
            "<a xmlns='http://jabber.org/protocol/pubsub'><item><b xmlns='b'><c xmlns='c'>"
            + "<d xmlns='d'><e xmlns='e'/></d></c></b></item></a>"
        #expect(try outcome(payload, limits) == [nil, nil])
    }

    /// Each payload inherits the long declaration, so a few bytes become many.
    @Test func limitsWhatPayloadsInherit() throws {
        let long = String(repeating: "u", count: 500)
        let start =
            "<a xmlns='http://jabber.org/protocol/pubsub' xmlns:p='\(long)'"
            + " xml:lang='en'><item>"
        let limits = XMLLimits(stanzaBytes: 2000)
        let three = start + String(repeating: "<p:x xmlns=''/>", count: 3) + "</item></a>"
        #expect(try outcome(three + three, limits) == [nil, nil])
        let four = start + String(repeating: "<p:x xmlns=''/>", count: 4) + "</item></a>"
        #expect(try outcome(four, limits) == [.policyViolation, .policyViolation])
    }

    @Test func limitsDocuments() throws {
        let bytes = Array("<a><b/></a>".utf8)
        #expect(throws: Never.self) {
            try Element(parsing: bytes, limits: XMLLimits(stanzaBytes: bytes.count))
        }
        #expect(throws: StreamError.self) {
            try Element(parsing: bytes, limits: XMLLimits(stanzaBytes: bytes.count - 1))
        }
        #expect(throws: StreamError.self) {
            try Element(parsing: bytes, limits: XMLLimits(stanzaBytes: 100, depth: 1))
        }
    }
}
