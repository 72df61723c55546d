/// A stanza as another process of this server has written it, which goes on as it is: of its markup
/// only the start tag is read, and of that no more than is asked for.
///
/// The markup is what ``Stanza/serialized(in:)`` gives for `jabber:client`: what is in no namespace
/// of its own is in the content namespace of whatever stream it stands on (RFC 6120 §4.8.2).
package struct WrittenStanza: Sendable, Hashable {
    package let kind: Stanza.Kind
    /// From `<` to `>`.
    package let bytes: [UInt8]

    /// Nil for an element that is no stanza by its name.
    package init?(_ bytes: [UInt8]) {
        guard let kind = bytes.withUnsafeBytes(Stanza.Kind.init(markup:)) else { return nil }
        self.kind = kind
        self.bytes = bytes
    }

    init(_ kind: Stanza.Kind, _ bytes: UnsafeRawBufferPointer) {
        self.kind = kind
        self.bytes = Array(bytes)
    }

    /// The domains of its two addresses, as they are written; nil where one is missing.
    package var domains: (from: String, to: String)? {
        bytes.withUnsafeBytes { bytes in
            var from: String?
            var to: String?
            var tag = StartTagReader(bytes)
            while from == nil || to == nil, let attribute = tag.next() {
                if attribute.isNamed("from") {
                    from = Self.domain(attribute.value)
                } else if attribute.isNamed("to") {
                    to = Self.domain(attribute.value)
                }
            }
            guard let from, let to else { return nil }
            return (from, to)
        }
    }

    /// The domain within an address: in none of its bytes there is anything that an attribute
    /// escapes.
    private static func domain(_ address: UnsafeRawBufferPointer) -> String {
        let head = address.prefix { $0 != UInt8(ascii: "/") }
        let behind = head.lastIndex(of: UInt8(ascii: "@")).map { $0 + 1 } ?? head.startIndex
        return String(decoding: head[behind...], as: UTF8.self)
    }

    /// The stanza without what it holds; nil where an address of it is none.
    package var head: Stanza? {
        var element = Element(kind.rawValue, Namespace.client)
        bytes.withUnsafeBytes { bytes in
            var tag = StartTagReader(bytes)
            while let attribute = tag.next() {
                let value = attribute.text
                element.attributes.append(
                    attribute.isNamed("xml:lang")
                        ? .init("lang", value, namespace: Namespace.xml)
                        : .init(String(decoding: attribute.name, as: UTF8.self), value)
                )
            }
        }
        return try? Stanza(element)
    }
}

extension Stanza.Kind {
    /// The kind of the stanza that begins there; nil where something else does.
    init?(markup bytes: UnsafeRawBufferPointer) {
        func begins(_ name: StaticString) -> Bool {
            let count = name.utf8CodeUnitCount
            guard bytes.count > count + 1, let start = bytes.baseAddress else { return false }
            guard
                UnsafeRawBufferPointer(start: start + 1, count: count)
                    .elementsEqual(UnsafeBufferPointer(start: name.utf8Start, count: count))
            else { return false }
            let next = bytes[count + 1]
            return next == UInt8(ascii: ">") || next == UInt8(ascii: "/")
                || XMLWhitespace.contains(next)
        }
        if begins("message") {
            self = .message
        } else if begins("iq") {
            self = .iq
        } else if begins("presence") {
            self = .presence
        } else {
            return nil
        }
    }
}

/// Reads the attributes of a start tag that a process of ours has written.
struct StartTagReader {
    struct Attribute {
        let name: UnsafeRawBufferPointer
        /// As it is written: escapes are left as they are.
        let value: UnsafeRawBufferPointer

        /// What it says, without the escapes that ``XMLWriter`` knows.
        var text: String {
            guard value.contains(UInt8(ascii: "&")) else {
                return String(decoding: value, as: UTF8.self)
            }
            var decoded: [UInt8] = []
            var index = value.startIndex
            while index < value.endIndex {
                let (byte, count) = XMLWriter.unescaped(value[index...])
                decoded.append(byte)
                index += count
            }
            return String(decoding: decoded, as: UTF8.self)
        }

        func isNamed(_ wanted: StaticString) -> Bool {
            name.elementsEqual(
                UnsafeBufferPointer(start: wanted.utf8Start, count: wanted.utf8CodeUnitCount)
            )
        }
    }

    private let bytes: UnsafeRawBufferPointer
    private var index: Int

    /// At the `<` of the tag.
    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        index = 1
        while index < bytes.count, !Self.endsName(bytes[index]) { index += 1 }
    }

    private static func endsName(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ">") || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "=")
            || XMLWhitespace.contains(byte)
    }

    /// The next attribute; nil behind the last one, and at what is none.
    mutating func next() -> Attribute? {
        while index < bytes.count, XMLWhitespace.contains(bytes[index]) { index += 1 }
        let start = index
        while index < bytes.count, !Self.endsName(bytes[index]) { index += 1 }
        let end = index
        guard end > start, index + 1 < bytes.count, bytes[index] == UInt8(ascii: "=") else {
            return nil
        }
        let quote = bytes[index + 1]
        guard quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else { return nil }
        index += 2
        let value = index
        while index < bytes.count, bytes[index] != quote { index += 1 }
        guard index < bytes.count else { return nil }
        index += 1
        return Attribute(
            name: UnsafeRawBufferPointer(rebasing: bytes[start..<end]),
            value: UnsafeRawBufferPointer(rebasing: bytes[value..<(index - 1)])
        )
    }

    /// The index of the `>` that ends the tag which begins at `start`; nil while it is not there.
    static func end(of bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var quote: UInt8 = 0
        var index = start
        while index < bytes.count {
            let byte = bytes[index]
            if quote != 0 {
                if byte == quote { quote = 0 }
            } else if byte == UInt8(ascii: ">") {
                return index
            } else if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
                quote = byte
            }
            index += 1
        }
        return nil
    }
}
