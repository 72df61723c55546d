import Testing

@testable import XMPP

struct StanzaSplitterTests {
    private static let stanzas = [
        "<message from='a@b/c' to='d@e'><body>x &gt; y</body></message>",
        "<iq type='get' id='1'/>",
        "<presence\n/>",
        "<message><x a='/>' b=\"'>\"><![CDATA[</x></message>]]]></x><y/></message>",
        "<iq><message><iq/></message></iq>",
    ]
    private static let others = [
        "<fates xmlns='urn:lapwing:link:0' settled='1-5'/>",
        "<stream:error><message/></stream:error>",
        "<messages/>",
        "<iqs></iqs>",
        "</stream:stream>",
    ]

    /// What it finds where the text comes in pieces of that size.
    private func pieces(
        _ text: String,
        by size: Int,
        limit: Int = 1_000
    ) throws(StreamError) -> [String] {
        var splitter = StanzaSplitter(limit: limit)
        var pieces: [StanzaSplitter.Piece] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let next = Array(rest.prefix(size))
            rest = rest.dropFirst(size)
            var failure: StreamError?
            next.withUnsafeBytes { bytes in
                do throws(StreamError) {
                    try splitter.feed(bytes, into: &pieces)
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
        }
        return pieces.map { piece in
            switch piece {
            case .stanza(let stanza): "S" + String(decoding: stanza.bytes, as: UTF8.self)
            case .other(let bytes): "O" + String(decoding: bytes, as: UTF8.self)
            }
        }
    }

    @Test(arguments: 1...80)
    func findsTheSameHoweverItIsCut(size: Int) throws {
        let text = (Self.stanzas + Self.others).shuffledApart.joined(separator: " \n ")
        let expected = (Self.stanzas + Self.others).shuffledApart.map { part in
            (Self.stanzas.contains(part) ? "S" : "O") + part
        }
        #expect(try pieces(text, by: size) == expected)
    }

    @Test(arguments: [
        "<message><!-- x --></message>", "<message><?x?></message>", "<!DOCTYPE x>", "<?xml?>",
        "<message><![cdata[x]]></message>",
    ])
    func refusesWhatAStreamMayNotHave(text: String) {
        for size in [1, 2, 1_000] {
            #expect(throws: StreamError(.restrictedXML)) { try pieces(text, by: size) }
        }
    }

    @Test(arguments: [1, 100])
    func refusesTextBetweenStanzas(size: Int) {
        #expect(throws: StreamError.self) { try pieces("<message/> x", by: size) }
    }

    @Test func keepsNoMoreThanItsLimit() throws {
        let stanza = "<message>\(String(repeating: "x", count: 81))</message>"
        #expect(stanza.utf8.count == 100)
        for size in [1, 99, 1_000] {
            let found = try pieces(stanza + stanza, by: size, limit: 100)
            #expect(found.count == 2)
            #expect(throws: StreamError.self) { try pieces(stanza, by: size, limit: 99) }
            let endless = "<message a='" + String(repeating: "x", count: 100)
            #expect(throws: StreamError.self) { try pieces(endless, by: size, limit: 100) }
        }
    }

    @Test func readsTheOutlineOfAStanza() throws {
        let stanza = Stanza(
            .message,
            type: "chat",
            id: "<'&\">\t\n\r",
            from: try JID("é@here.example/a/b@c&'"),
            to: try JID("there.example"),
            language: "de",
            children: [.element(Element("body", Namespace.client, text: "x"))]
        )
        let written = try #require(WrittenStanza(stanza.serialized()))
        let domains = try #require(written.domains)
        #expect(domains == ("here.example", "there.example"))
        var head = stanza
        head.children = []
        #expect(written.head == head)
        #expect(WrittenStanza(Array("<message from='a@b'/>".utf8))?.domains == nil)
        #expect(WrittenStanza(Array("<messages/>".utf8)) == nil)
        #expect(WrittenStanza([]) == nil)
    }

    /// Whatever comes, it neither traps nor finds two ways through it.
    @Test(arguments: 0..<200)
    func standsWhatIsNoMarkup(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let alphabet = Array("<>/='\"! []CDATA?message iq&x".utf8)
        let bytes = (0..<200).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
        let text = "<message>" + String(decoding: bytes, as: UTF8.self)
        let whole = try? pieces(text, by: 1_000)
        let cut = try? pieces(text, by: Int.random(in: 1...9, using: &generator))
        #expect(whole == cut)
        for piece in whole ?? [] {
            let stanza = WrittenStanza(Array(piece.dropFirst().utf8))
            _ = stanza?.domains
            _ = stanza?.head
        }
    }
}

extension [String] {
    /// Every third first, then the others; what ends a stream stays the last.
    fileprivate var shuffledApart: [String] {
        let rest = dropLast()
        return (0..<3).flatMap { start in
            rest.enumerated().filter { $0.offset % 3 == start }.map(\.element)
        } + suffix(1)
    }
}
