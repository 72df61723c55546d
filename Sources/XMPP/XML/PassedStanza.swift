import CExpat

/// A stanza of a peer's as it came, for who passes it on to another process: of its start tag is
/// read what decides whether it may pass, and the rest is markup.
///
/// Its addresses are not looked at but for their domains: that is for who reads it. A class, for it
/// is passed from hand to hand.
package final class PassedStanza: Sendable {
    package let start: Start
    /// Elements directly inside.
    package let payloads: Int
    /// The whole stanza, which means the same on any stream between servers.
    package let markup: [UInt8]

    private init(_ start: Start, payloads: Int, whole markup: [UInt8]) {
        self.start = start
        self.payloads = payloads
        self.markup = markup
    }

    /// `inherited` are declarations around it that are not on every stream between servers, and
    /// that it has not made its own.
    convenience init(
        _ start: Start,
        payloads: Int,
        markup: [UInt8],
        inherited: [NamespaceScope.Binding]
    ) {
        let whole = XMLStartTag.declaring(inherited, in: markup)
        self.init(start, payloads: payloads, whole: whole)
    }

    /// The stanza with the language of its stream (RFC 6120 §8.1.5).
    func with(language: String) -> PassedStanza {
        var attribute = XMLWriter(reserving: 32)
        attribute.attribute("xml:lang", language)
        let whole = XMLStartTag.splice(attribute.bytes, into: markup)
        return PassedStanza(start, payloads: payloads, whole: whole)
    }

    /// The stanza without what it holds; nil where an address of it is none.
    package var head: Stanza? { Self.head(of: markup) }

    package static func head(of markup: [UInt8]) -> Stanza? {
        // It was held against its stream's limits: nothing is refused that has come so far.
        let limits = XMLLimits(
            stanzaBytes: 2 * markup.count + 10_000,
            attributes: .max,
            children: .max,
            declarations: .max
        )
        let parser = XMLStreamParser(limits: limits)
        var header = XMLWriter()
        header.write(StreamHeader(namespace: Namespace.server))
        guard (try? parser.feed(header.bytes)) != nil,
            case .element(let element)? = try? parser.feed(markup).first,
            var stanza = try? Stanza(element)
        else { return nil }
        stanza.children = []
        return stanza
    }
}

extension PassedStanza: Hashable {
    package static func == (left: PassedStanza, right: PassedStanza) -> Bool {
        left === right || left.markup == right.markup
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(markup) }
}

extension PassedStanza {
    /// What is read of its start tag.
    package struct Start: Sendable, Hashable {
        package let kind: Stanza.Kind
        package let type: String?
        package let hasID: Bool
        package let hasLanguage: Bool
        /// The domains within its addresses as they came; nil where there is no address.
        package let from: String?
        package let to: String?
    }
}

extension PassedStanza.Start {
    init(_ kind: Stanza.Kind, _ attributes: AttributeList) {
        self.kind = kind
        var (type, from, to): (String?, String?, String?)
        var (hasID, hasLanguage) = (false, false)
        attributes.forEach { name, value in
            // Most have another first letter.
            switch UInt8(bitPattern: name[0]) {
            case UInt8(ascii: "t"):
                if lapwing_same(name, "to") != 0 { to = attributes.domain(in: value) }
                if lapwing_same(name, "type") != 0 { type = attributes.text(value) }
            case UInt8(ascii: "f"):
                if lapwing_same(name, "from") != 0 { from = attributes.domain(in: value) }
            case UInt8(ascii: "i"):
                if lapwing_same(name, "id") != 0 { hasID = true }
            case UInt8(ascii: "h"):
                if lapwing_same(name, Self.language) != 0 { hasLanguage = true }
            default: break
            }
        }
        (self.type, self.from, self.to) = (type, from, to)
        (self.hasID, self.hasLanguage) = (hasID, hasLanguage)
    }

    /// As expat reports `xml:lang`.
    private static let language = Namespace.xml + "\u{1}lang"
}
