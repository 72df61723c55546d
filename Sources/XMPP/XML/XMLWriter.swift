/// Turns elements into bytes.
///
/// Whatever text and attributes hold, the result is well-formed and reads back the same, with one
/// exception: what XML 1.0 cannot carry in any form (control characters other than tab and line
/// ends, U+FFFE, U+FFFF) becomes U+FFFD, so that its absence can be seen.
package struct XMLWriter: Sendable {
    /// What is written so far.
    package private(set) var bytes: [UInt8] = []

    /// Starts empty, with room for `capacity` bytes.
    package init(reserving capacity: Int = 512) {
        bytes.reserveCapacity(capacity)
    }

    /// Writes an element into a place where `defaultNamespace` is the default.
    ///
    /// An empty default means a document of its own; any other a child of a stream, whose header
    /// has declared the prefix `stream` (RFC 6120 §4.8.5 has it in use for features and errors),
    /// and between servers the prefix `db` (XEP-0220 §2 wants it for dialback).
    package mutating func write(_ element: Element, inheriting defaultNamespace: String = "") {
        let place = Place(defaultNamespace)
        write(element, default: defaultNamespace, in: place, content: Namespace.client)
    }

    /// Writes a child of a stream with that content namespace: what is in `jabber:client` in memory
    /// is written in the stream's own, down to where another namespace begins (RFC 6120 §4.8.2).
    package mutating func write(_ element: Element, in contentNamespace: String) {
        write(
            element,
            default: contentNamespace,
            in: Place(contentNamespace),
            content: contentNamespace,
            isOutermost: true
        )
    }

    /// Writes a stanza as a child of a stream with that content namespace.
    ///
    /// A stanza's own children in `jabber:client`, such as `<body/>`, are content as well.
    package mutating func write(_ stanza: Stanza, in contentNamespace: String = Namespace.client) {
        let name = stanza.kind.rawValue
        append("<")
        append(name)
        if let type = stanza.type { attribute("type", type) }
        if let id = stanza.id { attribute("id", id) }
        if let from = stanza.from { write(" from='", from) }
        if let to = stanza.to { write(" to='", to) }
        if let language = stanza.language { attribute("xml:lang", language) }
        let place = Place(contentNamespace)
        write(
            stanza.children,
            of: name,
            default: contentNamespace,
            in: place,
            content: contentNamespace
        )
    }

    /// Writes the start tag of a stream: the header (RFC 6120 §4.7).
    package mutating func write(_ header: StreamHeader) {
        append("<?xml version='1.0'?><stream:stream")
        attribute("xmlns", header.namespace)
        attribute("xmlns:stream", Namespace.streams)
        if header.declaresDialback { attribute("xmlns:db", Namespace.dialback) }
        if let from = header.from { attribute("from", from) }
        if let to = header.to { attribute("to", to) }
        if let id = header.id { attribute("id", id) }
        if let version = header.version { attribute("version", version) }
        if let language = header.language { attribute("xml:lang", language) }
        append(">")
    }

    /// Writes the end tag of a stream (RFC 6120 §4.4).
    package mutating func writeStreamEnd() {
        append("</stream:stream>")
    }

    /// Writes character data, escaped.
    package mutating func write(text: String) {
        escape(text, Escape.inText)
    }

    /// Writes markup that stands in the program.
    package mutating func write(markup: StaticString) {
        bytes.append(
            contentsOf: UnsafeBufferPointer(
                start: markup.utf8Start,
                count: markup.utf8CodeUnitCount
            )
        )
    }

    /// Writes markup as it is: the caller vouches for it.
    package mutating func write(raw markup: [UInt8]) {
        bytes.append(contentsOf: markup)
    }

    /// Lets the caller append markup, for which it vouches.
    package mutating func write(_ append: (inout [UInt8]) -> Void) {
        append(&bytes)
    }

    /// Empties the writer and keeps its room.
    package mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
    }
}

// MARK: - Elements

extension XMLWriter {
    /// What is around an element, as far as prefixes go.
    private enum Place {
        case document, stream, streamOfServers

        init(_ defaultNamespace: String) {
            self =
                switch defaultNamespace {
                case "": .document
                case Namespace.server: .streamOfServers
                default: .stream
                }
        }

        /// The prefix that the header has declared for the namespace.
        func prefix(for namespace: String) -> String? {
            switch self {
            case .streamOfServers where namespace == Namespace.dialback: "db:"
            case .stream, .streamOfServers: namespace == Namespace.streams ? "stream:" : nil
            case .document: nil
            }
        }
    }

    /// `content` is what `jabber:client` is called here; nil where it means what it says.
    private mutating func write(
        _ element: Element,
        default inherited: String,
        in place: Place,
        content: String?,
        isOutermost: Bool = false
    ) {
        assert(Self.isName(element.name), "not a name: \(element.name)")
        let isContent = content != nil && element.namespace == Namespace.client
        let namespace = isContent ? content ?? element.namespace : element.namespace
        let prefix = place.prefix(for: namespace)
        append("<")
        if let prefix { append(prefix) }
        append(element.name)
        var inner = inherited
        if prefix == nil, namespace != inherited {
            attribute("xmlns", namespace)
            inner = namespace
        }
        write(element.attributes)
        let holdsContent = isContent || isOutermost && element.holdsContent
        write(
            element.children,
            of: element.name,
            prefix,
            default: inner,
            in: place,
            content: holdsContent ? content : nil
        )
    }

    /// Writes what stands behind the attributes of a start tag.
    private mutating func write(
        _ children: [Element.Node],
        of name: String,
        _ prefix: String? = nil,
        default inherited: String,
        in place: Place,
        content: String?
    ) {
        guard !children.isEmpty else { return append("/>") }
        append(">")
        for child in children {
            switch child {
            case .element(let child):
                write(child, default: inherited, in: place, content: content)
            case .text(let text): write(text: text)
            case .raw(let raw): write(raw: raw.bytes)
            }
        }
        append("</")
        if let prefix { append(prefix) }
        append(name)
        append(">")
    }

    private mutating func write(_ attributes: [Element.Attribute]) {
        var prefixes: [String] = []
        for attribute in attributes {
            assert(Self.isName(attribute.name), "not a name: \(attribute.name)")
            if attribute.namespace.isEmpty {
                self.attribute(attribute.name, attribute.value)
            } else if attribute.namespace == Namespace.xml {
                self.attribute("xml:" + attribute.name, attribute.value)
            } else {
                // The default namespace does not reach attributes: each needs a prefix, declared
                // where it is used, once an element.
                let known = prefixes.firstIndex(of: attribute.namespace)
                let prefix = "ns\(known ?? prefixes.count)"
                if known == nil {
                    prefixes.append(attribute.namespace)
                    self.attribute("xmlns:" + prefix, attribute.namespace)
                }
                self.attribute(prefix + ":" + attribute.name, attribute.value)
            }
        }
    }

    /// Writes an attribute, its value escaped, into an open start tag.
    package mutating func attribute(_ name: String, _ value: String) {
        bytes.append(UInt8(ascii: " "))
        append(name)
        append("='")
        escape(value, Escape.inAttribute)
        bytes.append(UInt8(ascii: "'"))
    }

    /// Writes an attribute with an address, from the space before its name to its first quote.
    private mutating func write(_ start: String, _ address: JID) {
        append(start)
        if let local = address.local {
            escape(local, Escape.inAttribute)
            bytes.append(UInt8(ascii: "@"))
        }
        escape(address.domain, Escape.inAttribute)
        if let resource = address.resource {
            bytes.append(UInt8(ascii: "/"))
            escape(resource, Escape.inAttribute)
        }
        bytes.append(UInt8(ascii: "'"))
    }

    private mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    /// Whether `name` cannot break out of a tag.
    ///
    /// Only asserted: names come from our code or from a parser.
    private static func isName(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                byte > 0x2C && byte != 0x2F && !(0x3A...0x40).contains(byte)
            }
    }
}

// MARK: - Escaping

/// Which bytes cannot stand for themselves, as one bit for each of the first 64: the only others
/// are the noncharacters behind the lead byte 0xEF.
private enum Escape {
    private static let controls: UInt64 = 0xFFFF_FFFF & ~(1 << 0x09) & ~(1 << 0x0A)
    private static func bit(_ scalar: Unicode.Scalar) -> UInt64 { 1 << UInt64(scalar.value) }

    /// `>` too, for the sake of `]]>`; CR, which a parser would turn into LF.
    static let inText = controls | bit("<") | bit("&") | bit(">")
    /// Tab and LF too, which a parser would turn into spaces.
    static let inAttribute =
        inText | bit("'") | bit("\"") | 1 << 0x09 | 1 << 0x0A
}

extension XMLWriter {
    private mutating func escape(_ text: String, _ special: UInt64) {
        var text = text
        text.withUTF8 { escape($0, special) }
    }

    private mutating func escape(_ text: UnsafeBufferPointer<UInt8>, _ special: UInt64) {
        var start = 0
        var index = 0
        while index < text.count {
            let byte = text[index]
            let isSpecial = byte < 64 ? special >> UInt64(byte) & 1 != 0 : byte == 0xEF
            guard isSpecial, let replacement = Self.replacement(at: index, in: text) else {
                index += 1
                continue
            }
            bytes.append(contentsOf: text[start..<index])
            append(replacement)
            index += byte == 0xEF ? 3 : 1
            start = index
        }
        bytes.append(contentsOf: text[start..<text.count])
    }

    /// The byte that stands first in what was escaped, and how many bytes it takes there.
    static func unescaped(_ text: Slice<UnsafeRawBufferPointer>) -> (byte: UInt8, count: Int) {
        guard let first = text.first else { return (0, 1) }
        guard first == UInt8(ascii: "&") else { return (first, 1) }
        let escapes: [(StaticString, UInt8)] = [
            ("&lt;", 0x3C), ("&gt;", 0x3E), ("&amp;", 0x26), ("&apos;", 0x27), ("&quot;", 0x22),
            ("&#9;", 0x09), ("&#10;", 0x0A), ("&#13;", 0x0D),
        ]
        for (escape, byte) in escapes {
            let bytes = UnsafeBufferPointer(
                start: escape.utf8Start,
                count: escape.utf8CodeUnitCount
            )
            if text.starts(with: bytes) { return (byte, bytes.count) }
        }
        return (first, 1)
    }

    private static func replacement(
        at index: Int,
        in text: UnsafeBufferPointer<UInt8>
    ) -> String? {
        switch text[index] {
        case UInt8(ascii: "<"): "&lt;"
        case UInt8(ascii: ">"): "&gt;"
        case UInt8(ascii: "&"): "&amp;"
        case UInt8(ascii: "'"): "&apos;"
        case UInt8(ascii: "\""): "&quot;"
        case 0x09: "&#9;"
        case 0x0A: "&#10;"
        case 0x0D: "&#13;"
        case 0xEF:
            // EF BF BE and EF BF BF are U+FFFE and U+FFFF; a String's UTF-8 is whole.
            text[index + 1] == 0xBF && text[index + 2] >= 0xBE ? "\u{FFFD}" : nil
        default: "\u{FFFD}"
        }
    }
}

// MARK: - Whole values

extension Element {
    /// The element as bytes; see ``XMLWriter/write(_:inheriting:)`` for the default namespace.
    package func serialized(inheriting defaultNamespace: String = "") -> [UInt8] {
        var writer = XMLWriter()
        writer.write(self, inheriting: defaultNamespace)
        return writer.bytes
    }

    /// The element as a child of a stream with that content namespace.
    package func serialized(in contentNamespace: String) -> [UInt8] {
        var writer = XMLWriter()
        writer.write(self, in: contentNamespace)
        return writer.bytes
    }
}

extension Stanza {
    /// The stanza as a child of a stream with that content namespace (RFC 6120 §4.8.2).
    package func serialized(in contentNamespace: String = Namespace.client) -> [UInt8] {
        var writer = XMLWriter()
        writer.write(self, in: contentNamespace)
        return writer.bytes
    }
}
