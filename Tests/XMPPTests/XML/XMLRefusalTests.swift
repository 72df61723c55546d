import Testing

@testable import XMPP

/// What ends a stream, and how it says so (RFC 6120 §4.9.3 and §11).
struct XMLRefusalTests {
    @Test(arguments: [
        ("<!-- x -->", StreamError.Condition.restrictedXML),
        ("<?php x?>", .restrictedXML),
        ("<a><!-- x --></a>", .restrictedXML),
        ("<a><?x?></a>", .restrictedXML),
        ("<a>&nbsp;</a>", .restrictedXML),
        ("<a b='&nbsp;'/>", .restrictedXML),
        ("<!DOCTYPE a>", .notWellFormed),
        ("<?xml version='1.0'?>", .notWellFormed),
        (" <?xml version='1.0'?><stream:stream>", .notWellFormed),
        ("<a></b>", .notWellFormed),
        ("<a b='1' b='2'/>", .notWellFormed),
        ("<a b='<'/>", .notWellFormed),
        ("<a b=1/>", .notWellFormed),
        ("<a>]]></a>", .notWellFormed),
        ("<a>&#0;</a>", .notWellFormed),
        ("<a>&#1;</a>", .notWellFormed),
        ("<a>&#xD800;</a>", .notWellFormed),
        ("<a>&#xFFFE;</a>", .notWellFormed),
        ("<a>&#x110000;</a>", .notWellFormed),
        ("<a>\u{1}</a>", .notWellFormed),
        ("<a>\u{0}</a>", .notWellFormed),
        ("<a>\u{FFFF}</a>", .notWellFormed),
        ("<1/>", .notWellFormed),
        ("<a:b/>", .badNamespacePrefix),
        ("<a b:c='1'/>", .badNamespacePrefix),
        ("<a xmlns:b=''/>", .badNamespacePrefix),
        ("<a xmlns:xml='urn:x'/>", .badNamespacePrefix),
        ("<a xmlns:xmlns='urn:x'/>", .badNamespacePrefix),
        ("<a xmlns:b='http://www.w3.org/2000/xmlns/'/>", .badNamespacePrefix),
        ("text", .badFormat),
        ("&lt;", .badFormat),
        ("<![CDATA[]]>", .badFormat),
        ("<![CDATA[", .badFormat),
        ("\u{A0}", .badFormat),
        ("\u{FEFF}", .badFormat),
    ])
    func refusesInAStream(text: String, condition: StreamError.Condition) throws {
        for pool in [nil, ParserPool()] {
            let parser = try XMLStreamParser.opened(pool: pool)
            #expect(parser.failure(text) == condition)
        }
    }

    @Test(arguments: [
        ("<!DOCTYPE a>", StreamError.Condition.restrictedXML),
        ("<!-- x -->", .restrictedXML),
        ("<?x?>", .restrictedXML),
        ("<?xml version='1.0' encoding='ISO-8859-1'?>", .unsupportedEncoding),
        ("<?xml version='1.0' encoding='UTF-16'?>", .unsupportedEncoding),
        ("<?xml version='1.1'?>", .notWellFormed),
        ("<?xml version='1.0'?><?xml version='1.0'?>", .notWellFormed),
        ("\u{FEFF}<?xml version='1.0'?>", .notWellFormed),
        ("GET / HTTP/1.1", .notWellFormed),
        ("<stream xmlns='jabber:client'>", .invalidNamespace),
        ("<stream:stream>", .badNamespacePrefix),
        ("<s:other xmlns:s='http://etherx.jabber.org/streams'>", .badFormat),
        ("<stream:stream xmlns:stream='http://etherx.jabber.org/streams/'>", .invalidNamespace),
    ])
    func refusesAsABeginning(text: String, condition: StreamError.Condition) {
        #expect(XMLStreamParser(limits: .client).failure(text) == condition)
    }

    @Test func refusesOtherEncodings() {
        let text = "<?xml version='1.0'?>" + Conversation.header
        let big = text.utf16.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }
        let little = text.utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
        for bytes in [big, little, [0xFE, 0xFF] + big, [0xFF, 0xFE] + little] {
            let whole = XMLStreamParser(limits: .client)
            #expect(whole.failure(bytes) == .unsupportedEncoding)
            let parser = XMLStreamParser(limits: .client)
            let failures = bytes.prefix(4).map { parser.failure([$0]) }
            #expect(failures.last == .unsupportedEncoding)
        }
    }

    /// The "billion laughs" and a file's entity: the first sign of a DTD ends it.
    @Test(arguments: [
        "<!DOCTYPE a [<!ENTITY l 'ha'><!ENTITY m '&l;&l;&l;&l;'><!ENTITY n '&m;&m;&m;&m;'>]>",
        "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>",
        "<!DOCTYPE a SYSTEM 'http://127.0.0.1/a.dtd'>",
        "<!DOCTYPE a [<!ENTITY % p SYSTEM 'http://127.0.0.1/'> %p;]>",
    ])
    func refusesADocumentType(text: String) {
        let parser = XMLStreamParser(limits: .client)
        #expect(parser.failure(text + "<a>&n;&x;</a>") == .restrictedXML)
        #expect(throws: StreamError(.restrictedXML)) {
            try Element(parsing: text + "<a>&n;&x;</a>")
        }
    }

    @Test(arguments: ["", " ", "<a>", "<a/><b/>", "<a/>x", "x", "<a/>\u{0}"])
    func refusesAsADocument(text: String) {
        #expect(throws: StreamError.self) { try Element(parsing: text) }
    }

    @Test func refusesEveryInvalidUTF8() throws {
        for sequence in InvalidUTF8.all {
            let places: [([UInt8], [UInt8])] = [
                (Array("<a>".utf8), Array("</a>".utf8)),
                (Array("<a b='".utf8), Array("'/>".utf8)),
                (Array("<a".utf8), Array("/>   ".utf8)),
                (
                    Array("<p xmlns='http://jabber.org/protocol/pubsub'><item><a>".utf8),
                    Array("</a></item></p>".utf8)
                ),
            ]
            for (before, after) in places {
                let parser = try XMLStreamParser.opened()
                #expect(
                    parser.failure(before + sequence + after) == .notWellFormed,
                    "\(Hex.encode(sequence)) in \(String(decoding: before, as: UTF8.self))"
                )
            }
        }
    }

    @Test func acceptsTheEdgesOfUTF8() throws {
        let edges = "\u{7F}\u{80}\u{7FF}\u{800}\u{D7FF}\u{E000}\u{FFFD}\u{10000}\u{10FFFF}"
        #expect(try Element(parsing: "<a>\(edges)</a>").text == edges)
    }
}

/// Byte sequences that are not UTF-8 (RFC 3629 §4), one for each way to be wrong and for each edge
/// of it.
enum InvalidUTF8 {
    static var all: [[UInt8]] {
        var result: [[UInt8]] = []
        let tails: [UInt8] = [0x80, 0x81, 0xA0, 0xBF]
        func add(_ range: ClosedRange<UInt8>, after before: [UInt8] = [], then rest: [UInt8] = []) {
            for byte in range { result.append(before + [byte] + rest) }
        }
        // Continuations without a lead.
        add(0x80...0xBF)
        for tail in tails {
            // Longer than need be.
            add(0xC0...0xC1, then: [tail])
            add(0x80...0x9F, after: [0xE0], then: [tail])
            add(0x80...0x8F, after: [0xF0], then: [tail, 0x80])
            // Surrogates.
            add(0xA0...0xBF, after: [0xED], then: [tail])
            // Beyond U+10FFFF.
            add(0x90...0xBF, after: [0xF4], then: [tail, 0x80])
            add(0xF5...0xFF, then: [tail, 0x80, 0x80])
        }
        // Cut off.
        add(0xC2...0xF4)
        add(0xE1...0xEC, then: [0x80])
        add(0xF1...0xF3, then: [0x80])
        add(0xF1...0xF3, then: [0x80, 0x80])
        result += [[0xE0, 0xA0], [0xED, 0x80], [0xF0, 0x90, 0x80], [0xF4, 0x80, 0x80]]
        return result
    }
}
