import Testing

@testable import XMPP

struct StanzaTests {
    @Test func readsTheHead() throws {
        let element = try Element(
            parsing:
                "<iq xmlns='jabber:client' type='get' id='1' from='A@b/C' to='b' xml:lang='en'>"
                + "<ping xmlns='urn:xmpp:ping'/></iq>"
        )
        let stanza = try #require(try Stanza(element))
        #expect(stanza.kind == .iq)
        #expect(stanza.type == "get")
        #expect(stanza.id == "1")
        #expect(try stanza.from == JID("a@b/C"))
        #expect(try stanza.to == JID("b"))
        #expect(stanza.language == "en")
        #expect(stanza.payload == Element("ping", "urn:xmpp:ping"))
    }

    @Test func takesNothingElseForAStanza() throws {
        #expect(try Stanza(Element("query", Namespace.client)) == nil)
        #expect(try Stanza(Element("message", "urn:x")) == nil)
        #expect(try Stanza(Element("iq", "")) == nil)
    }

    @Test func refusesWhatIsNoAddress() {
        let element = Element("iq", Namespace.client, attributes: [.init("to", "a b@c")])
        #expect { try Stanza(element) } throws: {
            ($0 as? StanzaError)?.condition == .jidMalformed
        }
    }

    @Test func readsItsOwnErrors() throws {
        let request = Stanza(.iq, type: "get", id: "1", from: try JID("a@b/c"), to: try JID("d"))
        let error = StanzaError(
            .itemNotFound,
            text: "no such node",
            detail: Element("x", "urn:x")
        )
        let answer = request.failure(error)
        #expect(answer.to == request.from)
        #expect(answer.id == "1")
        let bytes =
            Array("<s xmlns='jabber:client'>".utf8) + answer.serialized() + Array("</s>".utf8)
        let read = try #require(try Element(parsing: bytes).elements.first)
        #expect(try Stanza(read)?.error == error)
    }
}
