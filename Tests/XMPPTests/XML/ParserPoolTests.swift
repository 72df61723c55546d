import Testing

@testable import XMPP

struct ParserPoolTests {
    @Test func lendsOnlyInTheMiddleOfSomething() throws {
        let pool = ParserPool()
        let parser = XMLStreamParser(limits: .client, pool: pool)
        #expect(!parser.holdsParser)
        _ = try parser.feed(Conversation.header)
        #expect(!parser.holdsParser)
        #expect(pool.idleCount == 1)
        _ = try parser.feed("<a")
        #expect(parser.holdsParser)
        #expect(pool.idleCount == 0)
        _ = try parser.feed("/>")
        #expect(!parser.holdsParser)
        _ = try parser.feed(" \n")
        #expect(!parser.holdsParser)
        #expect(pool.idleCount == 1)
    }

    /// At every cut, the parser is held exactly when a token or a stanza is not whole.
    @Test func holdsNoneAfterEachStanza() throws {
        let pool = ParserPool()
        let parser = try XMLStreamParser.opened(pool: pool)
        for _ in 0..<3 {
            for byte in Conversation.publish.utf8.dropLast() {
                _ = try parser.feed([byte])
                #expect(parser.holdsParser)
            }
            _ = try parser.feed(">")
            #expect(!parser.holdsParser)
        }
    }

    @Test func servesStreamsInTurns() throws {
        let pool = ParserPool()
        let headers = [
            Conversation.header,
            Conversation.header.replacing("to=", with: "xmlns:p='urn:p' to="),
            Conversation.header.replacing("stream:stream", with: "s:stream")
                .replacing("xmlns:stream", with: "xmlns:s").replacing("'en'", with: "'fr'"),
        ]
        let parsers = try headers.map { try XMLStreamParser.opened(pool: pool, header: $0) }
        for round in 0..<5 {
            for (index, parser) in parsers.enumerated() {
                _ = try parser.feed("<a")
                #expect(parser.holdsParser)
                if index == 1 { #expect(try parser.feed(" p:x='1'").isEmpty) }
            }
            for (index, parser) in parsers.enumerated() {
                let events = try parser.feed(" n='\(round)'/>")
                guard case .element(let element) = events.first else {
                    Issue.record("no element")
                    return
                }
                #expect(element["n"] == "\(round)")
                #expect(element.attributes.count == (index == 1 ? 2 : 1))
            }
        }
        #expect(parsers[0].failure("<a p:x='1'/>") == .badNamespacePrefix)
        let end = try [parsers[1].feed("</stream:stream>"), parsers[2].feed("</s:stream>")]
        #expect(end == [[.closed], [.closed]])
    }

    @Test func givesNoPayloadAStreamsLanguage() throws {
        let pool = ParserPool()
        let english = try XMLStreamParser.opened(pool: pool)
        let french = try XMLStreamParser.opened(
            pool: pool,
            header: Conversation.header.replacing("'en'", with: "'fr'")
        )
        let alone = try XMLStreamParser.opened()
        let expected = try alone.feed(Conversation.publish)
        #expect(try english.feed(Conversation.publish) == expected)
        #expect(try french.feed(Conversation.publish) == expected)
        #expect(try english.feed(Conversation.publish) == expected)
    }

    @Test func keepsAFewParsers() throws {
        let pool = ParserPool()
        let parsers = try (0..<ParserPool.capacity + 1).map { _ in
            let parser = try XMLStreamParser.opened(pool: pool)
            _ = try parser.feed("<a")
            return parser
        }
        for parser in parsers.dropLast() { _ = try parser.feed("/>") }
        #expect(pool.idleCount == ParserPool.capacity)
        _ = try parsers.last?.feed("/>")
        #expect(pool.idleCount == ParserPool.capacity)
    }

    @Test func throwsAWornParserAway() throws {
        let pool = ParserPool()
        let parser = try XMLStreamParser.opened(pool: pool)
        // One long token makes expat's buffer grow.
        let long = "<a b='" + String(repeating: "x", count: ExpatReader.longestToken) + "'/>"
        #expect(try parser.feed(long).count == 1)
        #expect(pool.idleCount == 0)
        #expect(try parser.feed("<a/>").count == 1)
        #expect(pool.idleCount == 1)
        // Many bytes may be many names.
        let short = "<a>" + String(repeating: "x", count: 1000) + "</a>"
        let counts = try (0...ExpatReader.bytesUntilWorn / 1000).map { _ in
            _ = try parser.feed(short)
            return pool.idleCount
        }
        #expect(counts.count { $0 == 0 } == 1)
    }

    @Test func renewsAParserOfItsOwn() throws {
        let parser = try XMLStreamParser.opened()
        _ = try parser.feed(
            "<a>" + String(repeating: "x", count: ExpatReader.bytesUntilWorn) + "</a>"
        )
        #expect(!parser.holdsParser)
        #expect(try parser.feed("<stream:b/></stream:stream>").count == 2)
    }

    @Test func takesNoParserBackAfterAnError() throws {
        let pool = ParserPool()
        let parser = try XMLStreamParser.opened(pool: pool)
        #expect(parser.failure("<a></b>") == .notWellFormed)
        #expect(!parser.holdsParser)
        #expect(pool.idleCount == 0)
    }
}
