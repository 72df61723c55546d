/// The headers of a stanza (XEP-0131): in notifications, which subscriptions it answers and by
/// which collection it came.
package struct SHIM: Sendable, Hashable {
    package static let namespace = "http://jabber.org/protocol/shim"
    /// Headers that are read of one stanza: as many as one address has subscriptions to a node.
    package static let headersMaximum = 256
    private static let subID = "SubID"
    private static let collection = "Collection"

    package var headers: [Header]

    /// A name with a text.
    package struct Header: Sendable, Hashable {
        package var name: String
        package var text: String

        package init(_ name: String, _ text: String) {
            self.name = name
            self.text = text
        }
    }

    package init(_ headers: [Header] = []) {
        self.headers = headers
    }

    /// The headers of a notification: one for each subscription that it answers
    /// (XEP-0060 §7.1.2.3), and the collection that was subscribed to (XEP-0248 §5.3).
    package init(subIDs: [String], collection: String? = nil) {
        headers = subIDs.map { Header(Self.subID, $0) }
        if let collection { headers.append(Header(Self.collection, collection)) }
    }

    /// The subscriptions that the stanza answers.
    package var subIDs: [String] { texts(of: Self.subID) }

    /// The collection by which the item came; nil for one that came straight from its node.
    package var collection: String? { texts(of: Self.collection).first }

    /// The features for `disco#info` on the node ``namespace`` (XEP-0131 §3.2).
    package static let headerFeatures = [
        "\(namespace)#\(subID)", "\(namespace)#\(collection)",
    ]

    private func texts(of name: String) -> [String] {
        headers.filter { $0.name == name }.map(\.text)
    }
}

extension SHIM {
    /// Reads `<headers/>`; nil when it is none.
    ///
    /// Headers without a name and those past ``headersMaximum`` are passed over.
    package init?(_ element: Element) {
        guard element.matches("headers", Self.namespace) else { return nil }
        headers = []
        for case .element(let child) in element.children
        where child.matches("header", Self.namespace) {
            guard headers.count < Self.headersMaximum else { return }
            if let name = child["name"] { headers.append(Header(name, child.text)) }
        }
    }

    /// The headers of a stanza; none where it has none.
    package init(of stanza: Stanza) {
        self = stanza.payload("headers", Self.namespace).flatMap(SHIM.init) ?? SHIM()
    }

    /// The `<headers/>`.
    package var element: Element {
        Element(
            "headers",
            Self.namespace,
            headers.map { header in
                var element = Element("header", Self.namespace, text: header.text)
                element["name"] = header.name
                return element
            }
        )
    }
}

extension XMLWriter {
    /// Writes `<headers/>` without a tree: a notification to thousands is made of bytes.
    package mutating func write(_ shim: SHIM) {
        write(markup: "<headers")
        attribute("xmlns", SHIM.namespace)
        write(markup: ">")
        for header in shim.headers {
            write(markup: "<header")
            attribute("name", header.name)
            write(markup: ">")
            write(text: header.text)
            write(markup: "</header>")
        }
        write(markup: "</headers>")
    }
}
