import Testing

@testable import XMPP

/// Stanzas that a process passes on unread: what may pass is the same as where they are read.
struct PassedStanzaTests {
    /// What becomes of a stanza on a stream between `montague.example` and `capulet.example`.
    private func outcome(_ text: String, language: String? = nil) throws -> FederationAction {
        var stream = try InboundFederation.certified()
        let tag = "<stream:stream xmlns='jabber:server' xmlns:stream='\(Namespace.streams)'>"
        let parser = try XMLStreamParser.opened(header: tag)
        parser.passesStanzas = true
        guard case .passed(let stanza)? = try parser.feed(text).first else {
            throw StreamError(.badFormat)
        }
        if let language { stream.session.language = language }
        return stream.received(stanza)
    }

    private static let usual = "from='juliet@capulet.example/x' to='romeo@montague.example'"

    private func passed(_ text: String, language: String? = nil) throws -> String? {
        guard case .pass(let stanza) = try outcome(text, language: language) else { return nil }
        return String(decoding: stanza.markup, as: UTF8.self)
    }

    @Test(arguments: [
        "<message \(usual)><body>x</body></message>",
        "<presence \(usual)/>",
        "<iq type='get' id='1' \(usual)><x xmlns='urn:x'/></iq>",
        "<iq type='result' id='1' \(usual)/>",
        // Domains as nobody writes them, and addresses that are none: for who reads them.
        "<message from='juliet@CAPULET.example/x' to='romeo@montague.Example.'/>",
        "<message from='@capulet.example' to='ro meo@montague.example'/>",
    ])
    func passAsTheyCame(text: String) throws {
        #expect(try passed(text) == text)
    }

    @Test func takeTheLanguageOfTheirStream() throws {
        #expect(
            try passed("<message \(Self.usual)/>", language: "de")
                == "<message xml:lang='de' \(Self.usual)/>"
        )
        let own = "<message xml:lang='it' \(Self.usual)/>"
        #expect(try passed(own, language: "de") == own)
        let iq = "<iq type='set' id='1' \(Self.usual)><x xmlns='urn:x'/></iq>"
        #expect(try passed(iq, language: "de") == iq)
    }

    @Test(
        arguments: [
            ("<message from='a@elsewhere.example' to='romeo@montague.example'/>", .invalidFrom),
            ("<message from='juliet@capulet.example' to='a@elsewhere.example'/>", .hostUnknown),
            ("<message from='juliet@capulet.example' to='chat.montague.example'/>", .notAuthorized),
            ("<message to='romeo@montague.example'/>", .improperAddressing),
            ("<message from='juliet@capulet.example'/>", .improperAddressing),
            ("<message from='juliet@' to='romeo@montague.example'/>", .improperAddressing),
            ("<message from='montague.example' to='romeo@montague.example'/>", .invalidFrom),
            ("<message from='x/capulet.example' to='romeo@montague.example'/>", .invalidFrom),
            ("<message from='capulet.example@x' to='romeo@montague.example'/>", .invalidFrom),
        ] as [(String, StreamError.Condition)]
    )
    func endTheStreamWhereTheyMay(text: String, condition: StreamError.Condition) throws {
        #expect(try outcome(text).error == condition)
    }

    @Test func pausesNothingForAnotherPairBehindOneThatMay() throws {
        var stream = try InboundFederation.certified()
        let tag = "<stream:stream xmlns='jabber:server' xmlns:stream='\(Namespace.streams)'>"
        let parser = try XMLStreamParser.opened(header: tag)
        parser.passesStanzas = true
        let texts = [
            "<message \(Self.usual)/>", "<message \(Self.usual)/>",
            "<message from='juliet@capulet.example' to='a@elsewhere.example'/>",
        ]
        let outcomes = try texts.map { text in
            guard case .passed(let stanza)? = try parser.feed(text).first else {
                throw StreamError(.badFormat)
            }
            return stream.received(stanza).error
        }
        #expect(outcomes == [nil, nil, .hostUnknown])
    }

    @Test(arguments: [
        "<iq type='set' id='1' \(usual)/>",
        "<iq type='get' id='1' \(usual)><a xmlns='a'/><b xmlns='b'/></iq>",
        "<iq type='get' \(usual)><a xmlns='a'/></iq>", "<iq id='1' \(usual)/>",
    ])
    func areAnsweredWhereTheyAreNoRequests(text: String) throws {
        guard case .bounce(let answer) = try outcome(text) else {
            throw StreamError(.badFormat)
        }
        #expect(answer.error?.condition == .badRequest)
        #expect(answer.to?.description == "juliet@capulet.example/x")
    }

    /// Who answers reads the start tag again, by no narrower limits than it came by.
    @Test func haveAHeadHoweverLongTheirTagIs() throws {
        let attributes = (0..<290).map { " a\($0)='\($0)'" }.joined()
        let prefixes = (0..<150).map { " xmlns:p\($0)='urn:\($0)'" }.joined()
        for more in [attributes, prefixes] {
            let tag = "<stream:stream xmlns='jabber:server' xmlns:stream='\(Namespace.streams)'>"
            let parser = try XMLStreamParser.opened(limits: .server, header: tag)
            parser.passesStanzas = true
            let text = "<iq type='get' id='1' \(Self.usual)\(more)/>"
            guard case .passed(let stanza)? = try parser.feed(text).first else {
                throw StreamError(.badFormat)
            }
            #expect(stanza.head?.id == "1")
        }
    }

    @Test func areNothingWhereNobodyCouldBeAnswered() throws {
        for text in [
            "<iq type='result' \(Self.usual)/>",
            "<iq type='set' from='@capulet.example' to='montague.example'/>",
        ] {
            guard case .tell(.ignored, _) = try outcome(text) else {
                Issue.record("\(text)")
                continue
            }
        }
    }

    @Test func areNothingBeforeAnythingIsProven() throws {
        var stream = try InboundFederation.open()
        let parser = try XMLStreamParser.opened(
            header: "<stream:stream xmlns='jabber:server' xmlns:stream='\(Namespace.streams)'>"
        )
        parser.passesStanzas = true
        guard case .passed(let stanza)? = try parser.feed("<message \(Self.usual)/>").first else {
            throw StreamError(.badFormat)
        }
        #expect(stream.received(stanza).error == .notAuthorized)
    }
}
