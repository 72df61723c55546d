import Testing

@testable import XMPP

struct XMLStreamParserTests {
    @Test func readsAHeader() throws {
        let parser = XMLStreamParser(limits: .client)
        let events = try parser.feed("<?xml version='1.0' encoding='utf-8'?>" + Conversation.header)
        let header = StreamHeader(
            namespace: Namespace.client,
            to: "example.org",
            version: "1.0",
            language: "en"
        )
        #expect(events == [.opened(header)])
    }

    @Test func readsElementsUntilTheEnd() throws {
        let parser = try XMLStreamParser.opened()
        #expect(
            try parser.feed("<r xmlns='urn:r' x='1'>a<b/>c</r> </stream:stream>") == [
                .element(
                    Element(
                        "r",
                        "urn:r",
                        attributes: [.init("x", "1")],
                        children: [.text("a"), .element(Element("b", "urn:r")), .text("c")]
                    )
                ),
                .closed,
            ]
        )
    }

    @Test(arguments: [false, true])
    func readsTheSameHoweverItIsCutInTwo(pooled: Bool) throws {
        let bytes = Array(Conversation.whole.utf8)
        let expected = try XMLStreamParser(limits: .client).feed(bytes)
        #expect(expected.count == 6)
        let pool = pooled ? ParserPool() : nil
        for cut in 0...bytes.count {
            let parser = XMLStreamParser(limits: .client, pool: pool)
            let events = try parser.feed(Array(bytes[..<cut])) + parser.feed(Array(bytes[cut...]))
            #expect(events == expected, "cut at \(cut)")
        }
    }

    @Test(arguments: [false, true], [1, 2, 3, 7, 64])
    func readsTheSameInPieces(pooled: Bool, size: Int) throws {
        let bytes = Array(Conversation.whole.utf8)
        let expected = try XMLStreamParser(limits: .client).feed(bytes)
        let pool = pooled ? ParserPool() : nil
        let parser = XMLStreamParser(limits: .client, pool: pool)
        var events: [XMLEvent] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            try parser.feed(Array(bytes[start..<min(start + size, bytes.count)]), into: &events)
        }
        #expect(events == expected)
    }

    @Test func reportsAnElementWithItsLastByte() throws {
        for pool in [nil, ParserPool()] {
            let parser = try XMLStreamParser.opened(pool: pool)
            let bytes = Array(Conversation.publish.utf8)
            #expect(try parser.feed(Array(bytes.dropLast())).isEmpty)
            #expect(try parser.feed(Array(bytes.suffix(1))).count == 1)
        }
    }

    @Test func reportsAHeaderThatCameInTwo() throws {
        let bytes = Array(Conversation.header.utf8)
        for cut in 1..<bytes.count {
            let parser = XMLStreamParser(limits: .client)
            #expect(try parser.feed(Array(bytes[..<cut])).isEmpty)
            #expect(try parser.feed(Array(bytes[cut...])).count == 1)
        }
    }

    @Test func skipsWhitespaceBeforeTheHeader() throws {
        let parser = XMLStreamParser(limits: .client)
        #expect(try parser.feed(" \r\n").isEmpty)
        #expect(try parser.feed("\n<?xml version='1.0'?>" + Conversation.header).count == 1)
    }

    @Test func startsOver() throws {
        let parser = try XMLStreamParser.opened()
        #expect(try parser.feed("<half").isEmpty)
        parser.restart()
        #expect(try parser.feed(Conversation.whole).count == 6)
        #expect(try parser.feed("what comes behind the end is nobody's").isEmpty)
        parser.restart()
        #expect(try parser.feed(Conversation.whole).count == 6)
    }

    @Test func deliversWhatCameBeforeAnError() throws {
        let parser = try XMLStreamParser.opened()
        var events: [XMLEvent] = []
        #expect(throws: StreamError(.notWellFormed)) {
            try parser.feed(Array("<a xmlns='x'/><b></c>".utf8), into: &events)
        }
        #expect(events == [.element(Element("a", "x"))])
        #expect(throws: StreamError(.notWellFormed)) { try parser.feed("<a/>") }
    }

    @Test func knowsTheContentOfAServersStreamAsClients() throws {
        let header = Conversation.header.replacing("jabber:client", with: "jabber:server")
        let parser = try XMLStreamParser.opened(header: header)
        let events = try parser.feed("<message><body>x</body></message>")
        let body = Element("body", Namespace.client, text: "x")
        #expect(events == [.element(Element("message", Namespace.client, [body]))])
        #expect(parser.failure("<message xmlns='jabber:client'/>") == .invalidNamespace)
    }
}
