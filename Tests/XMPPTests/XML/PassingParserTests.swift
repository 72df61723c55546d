import Testing

@testable import XMPP

/// A parser that reads no more of a stanza than who passes it on has to know.
struct PassingParserTests {
    private static let header =
        "<stream:stream xmlns='jabber:server' xmlns:stream='\(Namespace.streams)'>"

    private func outcome(
        _ text: String,
        _ limits: XMLLimits
    ) throws -> (StreamError.Condition?, passing: StreamError.Condition?) {
        let whole = try XMLStreamParser.opened(limits: limits, header: Self.header)
        let passing = try XMLStreamParser.opened(limits: limits, header: Self.header)
        passing.passesStanzas = true
        return (whole.failure(text), passing.failure(text))
    }

    /// What it lets through is read by another process: it must not find what ends the stream.
    @Test func refusesWhatAnotherWould() throws {
        let limits = XMLLimits(
            stanzaBytes: 2_000,
            depth: 4,
            attributes: 4,
            children: 6,
            declarations: 6
        )
        let long = "urn:" + String(repeating: "x", count: 200)
        let swings = (0..<5).map { "<p:e\($0)><e/></p:e\($0)>" }.joined()
        let texts = [
            "<message><a><b><c/></b></a></message>", "<message><a><b><c><d/></c></b></a></message>",
            "<message><a b='1' c='2' d='3' e='4'/></message>",
            "<message><a><b b='1' c='2' d='3' e='4' f='5'/></a></message>",
            "<message><a/><b><c/></b><d/><e/><f/></message>",
            "<message><a/><b><c/></b><d/><e/><f/><g/></message>",
            "<message><a xmlns:a='a' xmlns:b='b'><b xmlns:c='c'/></a></message>",
            "<message><a xmlns:a='a' xmlns:b='b'><b xmlns:c='c' xmlns:d='d' xmlns:e='e'/></a>"
                + "</message>",
            "<message xmlns:p='\(long)'><a>\(swings)</a></message>",
            "<message xmlns:p='\(long)'><a><e p:a='1'/><e p:a='1'/></a></message>",
            "<message><a><b></a></b></message>", "<message><p:a/></message>",
            "<message><!-- x --></message>", "<message>&x;</message>",
            "<message>" + String(repeating: "x", count: 2_000) + "</message>",
        ]
        var refused = 0
        for text in texts {
            let (whole, passing) = try outcome(text, limits)
            #expect(whole == passing, "\(text)")
            if whole != nil { refused += 1 }
        }
        #expect(refused == 10)
    }

    @Test func buildsWhatIsNoStanza() throws {
        let parser = try XMLStreamParser.opened(header: Self.header)
        parser.passesStanzas = true
        let text = "<features xmlns='\(Namespace.streams)'><a xmlns='urn:a'>x</a></features>"
        guard case .element(let element)? = try parser.feed(text).first else {
            throw StreamError(.badFormat)
        }
        #expect(element.child("a", "urn:a")?.text == "x")
    }

    @Test(arguments: [1, 2, 3, 5, 1_000, 100_000])
    func keepsTheWholeAsItCame(size: Int) throws {
        let stanzas = [
            "<message to='a@b.example/c' from='d@e.example' type='chat'><body>x &#38;</body>"
                + "<x  xmlns='urn:x'><![CDATA[y]]></x></message>",
            "<presence from='e.example/@' to=''/>",
            "<iq id='1'\n type='get' xml:lang='de'><a>\(String(repeating: "x", count: 9_000))</a>"
                + "<b/> <c/></iq>",
        ]
        let parser = try XMLStreamParser.opened(limits: .server, header: Self.header)
        parser.passesStanzas = true
        var rest = Array(stanzas.joined(separator: " \n").utf8)[...]
        var events: [XMLEvent] = []
        while !rest.isEmpty {
            try parser.feed(Array(rest.prefix(size)), into: &events)
            rest = rest.dropFirst(size)
        }
        let passed = events.compactMap { event in
            if case .passed(let stanza) = event { stanza } else { nil }
        }
        #expect(passed.map { String(decoding: $0.markup, as: UTF8.self) } == stanzas)
        #expect(passed.map(\.start.kind) == [.message, .presence, .iq])
        #expect(passed.map(\.start.from) == ["e.example", "e.example", nil])
        #expect(passed.map(\.start.to) == ["b.example", "", nil])
        #expect(passed.map(\.start.type) == ["chat", nil, "get"])
        #expect(passed.map(\.start.hasID) == [false, false, true])
        #expect(passed.map(\.start.hasLanguage) == [false, false, true])
        #expect(passed.map(\.payloads) == [2, 0, 3])
        let head = try #require(passed.first?.head)
        let from = try JID("d@e.example")
        let to = try JID("a@b.example/c")
        #expect(head == Stanza(.message, type: "chat", from: from, to: to))
    }

    @Test func takesAlongWhatTheHeaderDeclares() throws {
        let header =
            "<stream:stream xmlns='jabber:server' xmlns:stream='\(Namespace.streams)' "
            + "xmlns:db='\(Namespace.dialback)' xmlns:p='urn:p'>"
        let parser = try XMLStreamParser.opened(header: header)
        parser.passesStanzas = true
        func passed(_ text: String) throws -> String {
            guard case .passed(let stanza)? = try parser.feed(text).first else {
                throw StreamError(.badFormat)
            }
            return String(decoding: stanza.markup, as: UTF8.self)
        }
        #expect(try passed("<message><x/></message>") == "<message><x/></message>")
        #expect(
            try passed("<message><p:x/></message>")
                == "<message xmlns:p='urn:p'><p:x/></message>"
        )
        #expect(
            try passed("<message xmlns:p='urn:q'><p:x/></message>")
                == "<message xmlns:p='urn:q'><p:x/></message>"
        )
    }
}
