import Testing

@testable import XMPP

@Suite struct DialbackMessageTests {
    private func read(_ text: String) throws -> DialbackMessage? {
        try DialbackMessage(try Element.xml(text))
    }

    @Test func readsAKeyWithSpaceAroundIt() throws {
        let message = try read(
            "<result xmlns='jabber:server:dialback' from='Capulet.Example' to='montague.example'>"
                + "\n  b4835385 \n</result>"
        )
        #expect(
            message
                == DialbackMessage(
                    .result,
                    from: "capulet.example",
                    to: "montague.example",
                    .key("b4835385")
                )
        )
    }

    @Test(arguments: [
        ("<result xmlns='jabber:server:dialback' to='b.example'>k</result>", "improper-addressing"),
        (
            "<result xmlns='jabber:server:dialback' from='a.example'>k</result>",
            "improper-addressing"
        ),
        (
            "<result xmlns='jabber:server:dialback' from='x@a.example' to='b.example'>k</result>",
            "improper-addressing"
        ),
        (
            "<result xmlns='jabber:server:dialback' from='a..example' to='b.example'>k</result>",
            "improper-addressing"
        ),
        (
            "<result xmlns='jabber:server:dialback' from='a.example' to='b.example'/>",
            "bad-format"
        ),
        (
            "<result xmlns='jabber:server:dialback' from='a.example' to='b.example'> </result>",
            "bad-format"
        ),
        (
            "<result xmlns='jabber:server:dialback' from='a.example' to='b.example' type='yes'/>",
            "bad-format"
        ),
        (
            "<verify xmlns='jabber:server:dialback' from='a.example' to='b.example'>k</verify>",
            "bad-format"
        ),
        (
            "<verify xmlns='jabber:server:dialback' from='a.example' to='b.example' id=''>k"
                + "</verify>",
            "bad-format"
        ),
    ])
    func refusesWhatIsMalformed(_ text: String, _ condition: String) throws {
        let element = try Element.xml(text)
        #expect(throws: StreamError(try #require(StreamError.Condition(rawValue: condition)))) {
            try DialbackMessage(element)
        }
    }

    @Test func isOnlyWhatDialbackNames() throws {
        #expect(try read("<result xmlns='jabber:server' from='a.example' to='b.example'/>") == nil)
        #expect(try read("<other xmlns='jabber:server:dialback'/>") == nil)
    }

    @Test func limitsKeyAndID() throws {
        let longest = String(repeating: "k", count: DialbackMessage.keyBytesMax)
        #expect(try DialbackMessage(Link.result(.key(longest)))?.content == .key(longest))
        #expect(throws: StreamError(.badFormat)) {
            try DialbackMessage(Link.result(.key(longest + "k")))
        }
        let id = String(repeating: "i", count: DialbackMessage.streamIDBytesMax)
        #expect(try DialbackMessage(Link.verify(.valid, id: id))?.streamID == id)
        #expect(throws: StreamError(.badFormat)) {
            try DialbackMessage(Link.verify(.valid, id: id + "i"))
        }
    }

    /// XEP-0220 §2 wants the prefix that the header declared, §2.4 the error in the namespace of
    /// the stream's content.
    @Test func isWrittenWithItsPrefix() throws {
        let error = DialbackMessage.Content.error(StanzaError(.itemNotFound))
        let bytes = Link.verify(error).serialized(in: Namespace.server)
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == "<db:verify from='capulet.example' to='montague.example' id='D60000229F' "
                + "type='error'><error type='cancel'>"
                + "<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
                + "</error></db:verify>"
        )
        let header = Link.header()
        var writer = XMLWriter()
        writer.write(header)
        writer.write(raw: bytes)
        let parser = XMLStreamParser(limits: .server)
        #expect(try parser.feed(writer.bytes) == [.opened(header), .element(Link.verify(error))])
    }

    @Test(arguments: [
        DialbackMessage.Content.key("abc"), .valid, .invalid,
        .error(StanzaError(.remoteServerNotFound, text: "nobody there")),
    ])
    func readsWhatItWrites(_ content: DialbackMessage.Content) throws {
        #expect(try DialbackMessage(Link.result(content))?.content == content)
        #expect(try DialbackMessage(Link.verify(content))?.content == content)
    }
}
