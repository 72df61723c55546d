import Testing

@testable import XMPP

struct PayloadTests {
    /// The payload of the one item of a publish with this markup around and inside.
    private func payload(
        _ payload: String,
        item: String = "<item>",
        stanza: String = "<iq>",
        header: String = "<stream:stream xmlns='jabber:client' "
            + "xmlns:stream='http://etherx.jabber.org/streams'>"
    ) throws -> RawElement {
        let parser = try XMLStreamParser.opened(header: header)
        let events = try parser.feed(
            stanza + "<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='n'>" + item
                + payload + "</item></publish></pubsub></iq>"
        )
        guard case .element(let iq) = events.first,
            let item = iq.child("pubsub", Namespace.pubsub)?.child("publish")?.child("item")
        else { throw StreamError(.badFormat) }
        let raws = item.children.compactMap { node in
            if case .raw(let raw) = node { raw } else { nil }
        }
        #expect(item.elements.isEmpty)
        return try #require(raws.first)
    }

    @Test func keepsAPayloadsBytes() throws {
        let markup = "<x  xmlns='urn:x' a=\"1\">\r\n&lt;&#xE9;<![CDATA[<>&]]><y /></x>"
        let raw = try payload(markup)
        #expect(raw.name == "x")
        #expect(raw.namespace == "urn:x")
        // The character reference brings in every prefix; nothing else changes.
        let kept = String(decoding: raw.bytes, as: UTF8.self)
        #expect(
            kept.replacing(" xmlns:stream='http://etherx.jabber.org/streams'", with: "") == markup
        )
    }

    @Test func leavesAPayloadAsItIsThatInheritsNothing() throws {
        for markup in ["<x xmlns='urn:x'/>", "<x xmlns='urn:x'><y/></x >", "<x xmlns=''/>"] {
            #expect(try payload(markup).bytes == Array(markup.utf8))
        }
    }

    @Test(arguments: [
        // What is inherited, in the payload as written and as it must be understood.
        ("<item>", "<x/>", "<x xmlns='http://jabber.org/protocol/pubsub'/>"),
        (
            "<item>", "<x><y xmlns='urn:y'/></x>",
            "<x xmlns='http://jabber.org/protocol/pubsub'><y xmlns='urn:y'/></x>"
        ),
        (
            "<item xmlns:p='urn:p'>", "<p:x><y/></p:x>",
            "<p:x xmlns='http://jabber.org/protocol/pubsub' xmlns:p='urn:p'><y/></p:x>"
        ),
        (
            "<item xmlns:p='urn:p'>", "<x xmlns='' p:a='1'/>",
            "<x xmlns='' xmlns:p='urn:p' p:a='1'/>"
        ),
        (
            "<item xmlns:p='urn:p'>", "<p:x xmlns:p='urn:q'/>",
            "<p:x xmlns='http://jabber.org/protocol/pubsub' xmlns:p='urn:q'/>"
        ),
        (
            "<item xmlns:p='urn:p' xmlns:q='urn:q'>", "<x xmlns='urn:x' type='p:t'/>",
            "<x xmlns='urn:x' xmlns:p='urn:p' type='p:t'/>"
        ),
        (
            "<item xmlns:p='a&amp;&apos;b'>", "<p:x xmlns=''/>",
            "<p:x xmlns='' xmlns:p='a&amp;&apos;b'/>"
        ),
    ])
    func meansTheSameElsewhere(item: String, written: String, understood: String) throws {
        let raw = try payload(written, item: item)
        #expect(try raw.parsed().canonical() == Element(parsing: understood).canonical())
        // In an event, under other declarations.
        let event =
            "<event xmlns='http://jabber.org/protocol/pubsub#event' xmlns:p='urn:other' "
            + "xml:lang='en'>" + String(decoding: raw.bytes, as: UTF8.self) + "</event>"
        let inside = try #require(Element(parsing: event).elements.first)
        #expect(try inside.canonical() == Element(parsing: understood).canonical())
    }

    @Test func takesOverOnlyThePrefixesThatAreMentioned() throws {
        let raw = try payload(
            "<x xmlns='urn:x'>p:t</x>",
            item: "<item xmlns:p='urn:p' xmlns:q='q'>"
        )
        #expect(raw.bytes == Array("<x xmlns:p='urn:p' xmlns='urn:x'>p:t</x>".utf8))
    }

    @Test func takesOverTheInnermostDeclaration() throws {
        let raw = try payload(
            "<p:x xmlns=''/>",
            item: "<item xmlns:p='urn:inner'>",
            stanza: "<iq xmlns:p='urn:outer'>"
        )
        #expect(raw.bytes == Array("<p:x xmlns:p='urn:inner' xmlns=''/>".utf8))
    }

    @Test func forgetsDeclarationsWithTheirElement() throws {
        let raw = try payload("<p xmlns=''/>", item: "<item><a xmlns='urn:a' xmlns:p='urn:p'/>")
        #expect(raw.name == "a")
        let parser = try XMLStreamParser.opened()
        #expect(parser.failure("<p:a xmlns:p='urn:p'/><p:a/>") == .badNamespacePrefix)
    }

    @Test(arguments: [
        // What is around the payload, and the language that it has elsewhere than in its stanza.
        ("<iq>", "<item>", "<x xmlns=''/>", nil),
        ("<iq xml:lang='pl'>", "<item>", "<x xmlns=''/>", "pl"),
        ("<iq xml:lang='pl'>", "<item xml:lang='de'>", "<x xmlns=''/>", "de"),
        ("<iq>", "<item xml:lang=''>", "<x xmlns=''/>", ""),
        ("<iq xml:lang='pl'>", "<item>", "<x xmlns='' xml:lang='fr'/>", nil),
    ])
    func keepsTheLanguageOfItsStanzaBesideIt(
        stanza: String,
        item: String,
        written: String,
        language: String?
    ) throws {
        // The header's is never the payload's.
        let raw = try payload(written, item: item, stanza: stanza, header: Conversation.header)
        #expect(raw.bytes == Array(written.utf8))
        #expect(raw.language == language)
        let elsewhere = language.map { "<x xml:lang='\($0)' xmlns=''/>" } ?? written
        #expect(String(decoding: raw.standingAlone, as: UTF8.self) == elsewhere)
    }

    @Test func keepsItemsOfEventsToo() throws {
        let element = try Element(
            parsing: "<items xmlns='http://jabber.org/protocol/pubsub#event'><item>"
                + "<x xmlns='urn:x'/><item><y/></item></item>"
                + "<item xmlns='urn:z'><y/></item></items>"
        )
        #expect(element.children.count == 2)
        let item = try #require(element.elements.first)
        #expect(item.children.count == 2)
        guard case .raw(let inner) = item.children.last else {
            Issue.record("not kept")
            return
        }
        #expect(inner.name == "item")
        #expect(element.elements.last?.elements.count == 1)
    }

    @Test func writesAPayloadAsItCame() throws {
        let raw = try payload("<x xmlns='urn:x'> <y/></x>")
        let item = Element("item", Namespace.pubsubEvent, children: [.raw(raw)])
        #expect(
            String(decoding: item.serialized(), as: UTF8.self)
                == "<item xmlns='http://jabber.org/protocol/pubsub#event'>"
                + "<x xmlns='urn:x'> <y/></x></item>"
        )
    }
}
