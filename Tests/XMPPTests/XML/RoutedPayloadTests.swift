import Testing

@testable import XMPP

/// What is inside of a stanza means the same where it arrives, whatever streams it went by.
struct RoutedPayloadTests {
    /// As on a link between processes.
    private static let wide = XMLLimits(
        stanzaBytes: 2 << 20,
        depth: 110,
        attributes: 600,
        children: 20_000,
        declarations: 512
    )

    /// The content namespaces of clients, components and servers.
    private static let kinds = [Namespace.client, Namespace.component, Namespace.server]

    /// Every way of one to three hops.
    private static let ways: [[String]] = {
        let ends = kinds.flatMap { from in kinds.map { [from, $0] } }
        return ends + ends.flatMap { end in kinds.map { end + [$0] } }
    }()

    private static func header(_ namespace: String) -> String {
        var writer = XMLWriter()
        writer.write(StreamHeader(namespace: namespace, language: "de"))
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// Reads the stanza on a stream of one kind.
    private func read(
        _ bytes: [UInt8],
        on namespace: String,
        _ limits: XMLLimits
    ) throws -> Stanza {
        let parser = try XMLStreamParser.opened(limits: limits, header: Self.header(namespace))
        guard case .element(let element)? = try parser.feed(bytes).first,
            let stanza = try Stanza(element)
        else { throw StreamError(.badFormat) }
        return stanza
    }

    /// What comes out behind all hops of a way, each a server that reads and writes.
    private func routed(_ markup: String, in kind: Stanza.Kind, by way: [String]) throws -> Stanza {
        let name = kind.rawValue
        let text = "<\(name) from='a@b/c' to='d@e/f' id='1'>\(markup)</\(name)>"
        var stanza = try read(Array(text.utf8), on: way[0], .client)
        for namespace in way.dropFirst() {
            stanza = try read(stanza.serialized(in: namespace), on: namespace, .server)
        }
        return stanza
    }

    /// The payload as it is to be understood where it is written.
    private func understood(_ markup: String, on namespace: String) throws -> Element {
        let around = try Element(parsing: "<a xmlns='\(namespace)'>\(markup)</a>")
        return try #require(around.elements.first).canonical()
    }

    private func expectSame(_ markup: String, by way: [String], _ kind: Stanza.Kind) throws {
        let expected = try understood(markup, on: way[0])
        let came = try routed(markup, in: kind, by: way).element.canonical()
        #expect(came.elements == [expected], "\(way): \(markup)")
        #expect(came.children.count == 1)
        #expect(came.attributes.count == 3, "the header's language is not the parser's to give")
    }

    @Test(arguments: 0..<200)
    func meanTheSameOnEveryWay(seed: UInt64) throws {
        for (index, way) in Self.ways.enumerated() {
            var generator = MarkupGenerator(seed: seed << 8 | UInt64(index))
            let markup = generator.payload(inheriting: way[0])
            let kinds: [Stanza.Kind] = [.message, .presence, .iq]
            try expectSame(markup, by: way, kinds[index % 3])
        }
    }

    /// A process that only passes stanzas on changes nothing, whatever the peer's header declares.
    @Test(arguments: 0..<300)
    func passThroughAnEdge(seed: UInt64) throws {
        let headers = [
            "<stream:stream xmlns='jabber:server' xmlns:stream='\(Namespace.streams)'>",
            "<s:stream xmlns='jabber:server' xmlns:s='\(Namespace.streams)' xmlns:p='urn:p'>",
            "<stream:stream xmlns:db='jabber:server:dialback' xmlns='jabber:server' "
                + "xmlns:stream='\(Namespace.streams)' xmlns:q='urn:é' xml:lang='de'>",
        ]
        var generator = MarkupGenerator(seed: seed)
        let payloads = (0...Int(seed % 3)).map { _ in
            generator.payload(inheriting: Namespace.server)
        }
        let more = seed % 5 == 0 ? " xmlns:r='urn:r' xml:lang='it'" : ""
        let markup =
            "<message from='a@b/c' to='d@e/f' id='1'\(more)>"
            + "<body p='&#13;'>x</body>\(payloads.joined(separator: " "))</message>"
        for header in headers {
            let whole = try XMLStreamParser.opened(limits: .server, header: header)
            let passing = try XMLStreamParser.opened(limits: .server, header: header)
            passing.passesStanzas = true
            let came = try stanza(whole.feed(markup))
            guard case .passed(let passed)? = try passing.feed(markup).first else {
                throw StreamError(.badFormat)
            }
            let routed = try read(passed.markup, on: Namespace.server, Self.wide)
            let expected = try came.element.canonical()
            let found = try routed.element.canonical()
            #expect(found == expected, "\(markup)")
            // And back: what the router writes is not looked into.
            var splitter = StanzaSplitter(limit: Self.wide.stanzaBytes)
            var pieces: [StanzaSplitter.Piece] = []
            let bytes = routed.serialized()
            try bytes.withUnsafeBytes { try splitter.feed($0, into: &pieces) }
            guard case .stanza(let written)? = pieces.first else {
                throw StreamError(.badFormat)
            }
            #expect(written.bytes == bytes)
            let sent = try read(written.bytes, on: Namespace.server, Self.wide)
            let last = try sent.element.canonical()
            #expect(last == expected)
        }
    }

    private func stanza(_ events: [XMLEvent]) throws -> Stanza {
        guard case .element(let element)? = events.first, let stanza = try Stanza(element)
        else { throw StreamError(.badFormat) }
        return stanza
    }

    @Test(arguments: [
        // A stanza in a stanza, and what is in a stream's namespace inside of another.
        "<f xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client'><body>x</body></message></f>",
        "<f xmlns='urn:f'><message xmlns='jabber:server'><body>x</body></message></f>",
        "<f xmlns='urn:f'><x xmlns='jabber:component:accept'/><y xmlns='jabber:client'/></f>",
        "<f xmlns='urn:f'><m xmlns='jabber:client'><e xmlns='jabber:server'/></m></f>",
        "<f xmlns='urn:f'><d xmlns='jabber:server:dialback'><e xmlns='jabber:client'/></d></f>",
        "<f xmlns='urn:f'><d xmlns='jabber:server:dialback'><e xmlns='jabber:server'/></d></f>",
        "<f xmlns='urn:f'><s xmlns='http://etherx.jabber.org/streams'><e xmlns=''/></s></f>",
        // What is kept as bytes, its language around it.
        "<event xmlns='http://jabber.org/protocol/pubsub#event'><items><item xml:lang='it'>"
            + "<x xmlns='urn:x'/></item></items></event>",
        "<p:pubsub xmlns:p='http://jabber.org/protocol/pubsub'><p:item><body/></p:item></p:pubsub>",
    ])
    func keepTheirNamespaces(markup: String) throws {
        for way in Self.ways where way.count == 3 {
            try expectSame(markup, by: way, .message)
        }
    }

    @Test func moveWithTheirStream() throws {
        let body = "<body>x</body>"
        for way in Self.ways {
            let came = try routed(body, in: .message, by: way)
            #expect(came.payload("body", Namespace.client)?.text == "x", "\(way)")
        }
        for kind in [Namespace.server, Namespace.component] {
            #expect(throws: StreamError(.invalidNamespace)) {
                try read(Array("<message xmlns='jabber:client'/>".utf8), on: kind, .server)
            }
        }
    }

    /// What one server lets pass the next does not refuse, in the form that it is written in.
    @Test func mayBeDeepAndWide() throws {
        func nested(_ count: Int, _ start: (Int) -> String, _ end: (Int) -> String) -> String {
            (0..<count).map(start).joined() + (0..<count).reversed().map(end).joined()
        }
        let prefixes = (0..<58).map { " xmlns:p\($0)='urn:\($0)'" }.joined()
        let attributes = (0..<141).map { " p\($0 % 58):a\($0)='\($0)'" }.joined()
        let payloads = [
            // The stanza is one more.
            nested(99, { $0 == 0 ? "<e xmlns='urn:e'>" : "<e>" }, { _ in "</e>" }),
            // Two declarations that become 62.
            "<e xmlns='urn:e' xmlns:p='urn:p'>"
                + nested(61, { $0 % 2 == 0 ? "<p:e>" : "<e>" }, { $0 % 2 == 0 ? "</p:e>" : "</e>" })
                + "</e>",
            // 141 attributes of which each but the last has to say its namespace again.
            "<e xmlns='urn:e'\(prefixes)\(attributes)/>",
            "<e xmlns='http://jabber.org/protocol/pubsub'\(prefixes)><item><e\(attributes)/>"
                + "</item></e>",
        ]
        for way in Self.ways {
            for payload in payloads { try expectSame(payload, by: way, .message) }
        }
    }

    @Test func mayNotDeclareTooMuchWhereTheyAreWritten() throws {
        func outcome(_ elements: Int) throws -> StreamError.Condition? {
            // The default namespace changes with each.
            let starts = (0..<elements).map { $0 % 2 == 0 ? "<p:e>" : "<e>" }
            let ends = (0..<elements).reversed().map { $0 % 2 == 0 ? "</p:e>" : "</e>" }
            let parser = try XMLStreamParser.opened(limits: .client)
            let markup = starts.joined() + ends.joined()
            return parser.failure("<message xmlns:p='urn:p'>\(markup)</message>")
        }
        // The stanza's own is one of them.
        let most = XMLLimits.client.declarations - 1
        #expect(try outcome(most) == nil)
        #expect(try outcome(most + 1) == .policyViolation)
    }

    /// A long namespace behind a short prefix must not be written out a thousand times.
    @Test func doNotGrowWithoutBound() throws {
        let long = "urn:" + String(repeating: "x", count: 10_000)
        func markup(_ count: Int, _ element: String) -> String {
            "<e xmlns='urn:e' xmlns:p='\(long)'>" + String(repeating: element, count: count)
                + "</e>"
        }
        for element in ["<p:e/>", "<e p:a='1' p:b='2'/>"] {
            let few = try routed(markup(26, element), in: .message, by: [Namespace.client])
            #expect(few.serialized().count < 2 * XMLLimits.client.stanzaBytes)
            let parser = try XMLStreamParser.opened(limits: .client)
            let many = "<message>" + markup(27, element) + "</message>"
            #expect(parser.failure(many) == .policyViolation)
        }
    }
}
