import Testing

@testable import XMPP

struct XMLWriterTests {
    private func text(_ element: Element, inheriting namespace: String = "") -> String {
        String(decoding: element.serialized(inheriting: namespace), as: UTF8.self)
    }

    @Test func declaresANamespaceWhereItChanges() {
        let element = Element("a", "urn:a", [Element("b", "urn:a"), Element("c", "urn:c")])
        #expect(text(element) == "<a xmlns='urn:a'><b/><c xmlns='urn:c'/></a>")
        #expect(text(element, inheriting: "urn:a") == "<a><b/><c xmlns='urn:c'/></a>")
        #expect(text(Element("a", ""), inheriting: "urn:a") == "<a xmlns=''/>")
    }

    @Test func escapes() {
        let element = Element("a", "", attributes: [.init("b", "<&>'\"\t\n\r\u{1}é")])
        let attribute = "&lt;&amp;&gt;&apos;&quot;&#9;&#10;&#13;\u{FFFD}é"
        #expect(text(element) == "<a b='\(attribute)'/>")
        let content = Element("a", "", text: "]]><&'\"\t\n\r\u{0}\u{FFFE}\u{FFFF}\u{FFFC}")
        #expect(
            text(content)
                == "<a>]]&gt;&lt;&amp;'\"\t\n&#13;\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFC}</a>"
        )
    }

    @Test func givesForeignAttributesAPrefix() {
        let element = Element(
            "a",
            "urn:a",
            attributes: [
                .init("lang", "en", namespace: Namespace.xml),
                .init("x", "1", namespace: "urn:x"),
                .init("y", "2", namespace: "urn:y"),
                .init("z", "3", namespace: "urn:x"),
            ]
        )
        #expect(
            text(element)
                == "<a xmlns='urn:a' xml:lang='en' xmlns:ns0='urn:x' ns0:x='1' "
                + "xmlns:ns1='urn:y' ns1:y='2' ns0:z='3'/>"
        )
    }

    @Test func usesTheStreamsPrefix() {
        let features = Element("features", Namespace.streams, [Element("bind", Namespace.bind)])
        #expect(
            text(features, inheriting: Namespace.client)
                == "<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"
                + "</stream:features>"
        )
        #expect(
            text(Element("features", Namespace.streams)).contains("xmlns='\(Namespace.streams)'")
        )
    }

    @Test func writesAHeaderThatReadsBack() throws {
        let header = StreamHeader(
            namespace: Namespace.client,
            to: "a'b",
            from: "example.org",
            id: "x<y",
            language: "en"
        )
        var writer = XMLWriter()
        writer.write(header)
        writer.writeStreamEnd()
        let parser = XMLStreamParser(limits: .client)
        #expect(try parser.feed(writer.bytes) == [.opened(header), .closed])
    }

    @Test func writesAStanzaInItsStreamsNamespace() throws {
        let stanza = Stanza(
            .message,
            type: "chat",
            to: try JID("a@b"),
            [Element("body", Namespace.client, text: "x"), Element("y", "urn:y")]
        )
        let expected = "<message type='chat' to='a@b'><body>x</body><y xmlns='urn:y'/></message>"
        for namespace in [Namespace.client, Namespace.server, Namespace.component] {
            let bytes = stanza.serialized(in: namespace)
            #expect(String(decoding: bytes, as: UTF8.self) == expected)
        }
    }

    @Test(arguments: 0..<300)
    func writesWhatReadsBackTheSame(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let element = Element.random(&generator, depth: 4)
        let expected = try element.canonical()
        #expect(try Element(parsing: element.serialized()).canonical() == expected)
        // Without a language, which payloads would inherit.
        let header = Conversation.header.replacing(" xml:lang='en'", with: "")
        let parser = try XMLStreamParser.opened(pool: ParserPool(), header: header)
        let bytes = element.serialized(inheriting: Namespace.client)
        var events: [XMLEvent] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...40, using: &generator))
            try parser.feed(Array(piece), into: &events)
            rest = rest.dropFirst(piece.count)
        }
        guard case .element(let read) = events.first, events.count == 1 else {
            Issue.record("not one element: \(events.count)")
            return
        }
        #expect(try read.canonical() == expected)
    }
}

/// SplitMix64: the same numbers for the same seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

extension Element {
    /// Any element, with the texts that are hardest to write.
    static func random(_ generator: inout SeededGenerator, depth: Int) -> Element {
        let namespaces = ["", "urn:a", "urn:<&'\">", Namespace.client, Namespace.pubsub]
        let names = ["a", "item", "été", "x-1.2_3", "stream"]
        var element = Element(
            names.randomElement(using: &generator) ?? "a",
            namespaces.randomElement(using: &generator) ?? ""
        )
        var seen: Set<[String]> = []
        for _ in 0..<Int.random(in: 0...4, using: &generator) {
            let name = names.randomElement(using: &generator) ?? "a"
            let namespace = (namespaces + [Namespace.xml]).randomElement(using: &generator) ?? ""
            guard seen.insert([name, namespace]).inserted else { continue }
            element.attributes.append(
                Attribute(name, text(&generator), namespace: namespace)
            )
        }
        guard depth > 0 else { return element }
        for _ in 0..<Int.random(in: 0...4, using: &generator) {
            if Bool.random(using: &generator) {
                element.append(random(&generator, depth: depth - 1))
            } else {
                let text = text(&generator)
                if !text.isEmpty { element.children.append(.text(text)) }
            }
        }
        return element
    }

    private static func text(_ generator: inout SeededGenerator) -> String {
        let parts = [
            "<", ">", "&", "'", "\"", "]]>", "\r\n", "\r", "\n", "\t", " ", "&amp;", "&#10;",
            "<!--",
            "é", "€", "😀", "\u{FFFD}", "\u{85}", "\u{2028}", "\u{7F}", "x", "stream:", "\u{301}",
            "<?xml", "<![CDATA[", "/>",
        ]
        let count = Int.random(in: 0...12, using: &generator)
        return (0..<count).map { _ in parts.randomElement(using: &generator) ?? "" }.joined()
    }
}
