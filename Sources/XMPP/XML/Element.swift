/// One XML element with its namespaces resolved: what the parser builds and the writer writes.
///
/// Prefixes are not kept: a name is a namespace and a local part. Where the bytes matter (the
/// payload of a pubsub item), the parser keeps them as ``RawElement`` instead of a tree.
package struct Element: Sendable, Hashable {
    package var name: String
    package var namespace: String
    package var attributes: [Attribute]
    package var children: [Node]

    package init(
        _ name: String,
        _ namespace: String,
        attributes: [Attribute] = [],
        children: [Node] = []
    ) {
        self.name = name
        self.namespace = namespace
        self.attributes = attributes
        self.children = children
    }

    /// An attribute; `namespace` is empty for the usual kind without a prefix.
    package struct Attribute: Sendable, Hashable {
        package var name: String
        package var namespace: String
        package var value: String

        package init(_ name: String, _ value: String, namespace: String = "") {
            self.name = name
            self.namespace = namespace
            self.value = value
        }
    }

    /// What stands inside an element, in document order.
    package enum Node: Sendable, Hashable {
        case element(Element)
        case text(String)
        /// An element that nobody reads: kept as the bytes that came in.
        case raw(RawElement)
    }
}

/// An element as markup whose names mean the same anywhere: every namespace declaration that it
/// inherited and lacked is spliced into its start tag.
package struct RawElement: Sendable, Hashable {
    package let name: String
    package let namespace: String
    /// UTF-8 markup from `<` to `>`.
    package let bytes: [UInt8]
    /// `xml:lang` that it has from the elements around it in its stanza; nil where it has its own
    /// or there is none.
    ///
    /// It is not in the bytes: where the stanza goes on as a whole, it goes with it. What a
    /// stream's header says is of the stanza, and never of what it carries (RFC 6120 §4.7.4).
    package let language: String?

    package init(name: String, namespace: String, bytes: [UInt8], language: String? = nil) {
        self.name = name
        self.namespace = namespace
        self.bytes = bytes
        self.language = language
    }

    /// The markup for another place than the stanza that it came in, its language with it.
    package var standingAlone: [UInt8] {
        guard let language else { return bytes }
        var attribute = XMLWriter(reserving: 32)
        attribute.attribute("xml:lang", language)
        return XMLStartTag.splice(attribute.bytes, into: bytes)
    }
}

// MARK: - Reading

extension Element {
    /// The value of the attribute `name` without a namespace.
    package subscript(_ name: String) -> String? {
        get {
            for attribute in attributes where attribute.name == name && attribute.namespace.isEmpty
            {
                return attribute.value
            }
            return nil
        }
        set {
            attributes.removeAll { $0.name == name && $0.namespace.isEmpty }
            if let newValue { attributes.append(Attribute(name, newValue)) }
        }
    }

    /// The child elements, in order; raw children are left out.
    package var elements: [Element] {
        children.compactMap { if case .element(let element) = $0 { element } else { nil } }
    }

    /// The first child element of that name; `namespace` defaults to this element's own.
    package func child(_ name: String, _ namespace: String? = nil) -> Element? {
        let wanted = namespace ?? self.namespace
        for case .element(let element) in children
        where element.name == name && element.namespace == wanted {
            return element
        }
        return nil
    }

    /// The text directly inside, concatenated.
    package var text: String {
        var result = ""
        for case .text(let text) in children { result += text }
        return result
    }

    /// Whether this is the element `name` of `namespace`.
    package func matches(_ name: String, _ namespace: String) -> Bool {
        self.name == name && self.namespace == namespace
    }
}

// MARK: - Building

extension Element {
    /// An element that holds only text.
    package init(_ name: String, _ namespace: String, text: String) {
        self.init(name, namespace, children: text.isEmpty ? [] : [.text(text)])
    }

    /// An element that holds child elements.
    package init(
        _ name: String,
        _ namespace: String,
        attributes: [Attribute] = [],
        _ elements: [Element]
    ) {
        self.init(name, namespace, attributes: attributes, children: elements.map { .element($0) })
    }

    /// Adds a child element at the end.
    package mutating func append(_ element: Element) {
        children.append(.element(element))
    }
}
