import Testing
import XMPP

// XEP-0131
@Suite struct SHIMTests {
    private let shim = SHIM(subIDs: ["1", "<2>"], collection: "blogs & more")

    @Test func readsTheHeadersThatItWrites() throws {
        let read = try #require(SHIM(try Element(parsing: shim.element.serialized())))
        #expect(read == shim)
        #expect(read.subIDs == ["1", "<2>"])
        #expect(read.collection == "blogs & more")
    }

    @Test func writesTheSameBytesWithAndWithoutATree() {
        for headers in [shim, SHIM(subIDs: ["it's"]), SHIM([.init("a'b", "c")])] {
            var writer = XMLWriter()
            writer.write(headers)
            #expect(writer.bytes == headers.element.serialized())
        }
    }

    @Test func writesTheNotificationOfTheSpecification() {
        // XEP-0060 §7.1.2.3
        #expect(
            String(
                decoding: SHIM(subIDs: ["123-abc", "004-yyy"]).element.serialized(),
                as: UTF8.self
            )
                == "<headers xmlns='http://jabber.org/protocol/shim'>"
                + "<header name='SubID'>123-abc</header><header name='SubID'>004-yyy</header>"
                + "</headers>"
        )
    }

    @Test func readsTheHeadersOfAStanza() {
        #expect(SHIM(of: Stanza(.message, [shim.element])) == shim)
        #expect(SHIM(of: Stanza(.message)).headers.isEmpty)
    }

    @Test func passesOverWhatIsNoHeader() throws {
        let markup = """
            <headers xmlns='http://jabber.org/protocol/shim'><header>no name</header><other/>
            <header name='Urgency'>high</header></headers>
            """
        let read = try #require(SHIM(try Element(parsing: Array(markup.utf8))))
        #expect(read.headers == [.init("Urgency", "high")])
        #expect(read.subIDs.isEmpty)
        #expect(read.collection == nil)
        #expect(SHIM(Element("headers", "urn:other")) == nil)
    }

    @Test func readsNoMoreHeadersThanAllowed() {
        let most = SHIM(subIDs: (0..<SHIM.headersMaximum).map { "\($0)" })
        #expect(SHIM(most.element) == most)
        let more = SHIM(subIDs: (0...SHIM.headersMaximum).map { "\($0)" })
        #expect(SHIM(more.element) == most)
    }
}
