/// What an entity says that it is and can do: the answer to `disco#info` (XEP-0030 §3.2).
package struct DiscoInfo: Sendable, Hashable {
    /// The node that was asked about; nil for the entity itself.
    package var node: String?
    package var identities: [Identity]
    package var features: [String]
    /// Extended information (XEP-0128), each a data form as it came.
    package var forms: [Element]

    package init(
        node: String? = nil,
        identities: [Identity] = [],
        features: [String] = [],
        forms: [Element] = []
    ) {
        self.node = node
        self.identities = identities
        self.features = features
        self.forms = forms
    }

    /// One thing that an entity is, of the registered categories.
    package struct Identity: Sendable, Hashable {
        package var category: String
        package var type: String
        package var name: String?
        package var language: String?

        package init(
            category: String,
            type: String,
            name: String? = nil,
            language: String? = nil
        ) {
            self.category = category
            self.type = type
            self.name = name
            self.language = language
        }
    }
}

extension DiscoInfo {
    /// The most identities, features and forms together that an answer may list: thirty times what
    /// the largest servers send, and small enough to sort and hash without being felt.
    package static let maximumEntries = 4000

    /// Reads a `<query/>`; nil when it is not one, or lists more than ``maximumEntries``.
    ///
    /// What lacks its required attributes is passed over, as are elements that are not known.
    package init?(_ query: Element) {
        guard query.matches("query", Namespace.discoInfo),
            query.children.count <= Self.maximumEntries * 2
        else { return nil }
        self.init(node: query["node"])
        for child in query.elements {
            if child.matches("identity", Namespace.discoInfo) {
                Identity(child).map { identities.append($0) }
            } else if child.matches("feature", Namespace.discoInfo) {
                child["var"].map { features.append($0) }
            } else if child.matches("x", Namespace.dataForms) {
                forms.append(child)
            }
        }
        guard identities.count + features.count + forms.count <= Self.maximumEntries else {
            return nil
        }
    }

    /// The `<query/>` of the answer.
    package var element: Element {
        var query = Element("query", Namespace.discoInfo)
        query["node"] = node
        for identity in identities { query.append(identity.element) }
        for feature in features {
            query.append(
                Element("feature", Namespace.discoInfo, attributes: [.init("var", feature)])
            )
        }
        for form in forms { query.append(form) }
        return query
    }

    /// The `<query/>` that asks an entity, or one of its nodes.
    package static func request(node: String? = nil) -> Element {
        DiscoInfo(node: node).element
    }
}

extension DiscoInfo.Identity {
    /// Reads an `<identity/>`; nil without its category or type, which XEP-0030 §3.2 requires.
    package init?(_ element: Element) {
        guard let category = element["category"], let type = element["type"] else { return nil }
        self.init(
            category: category,
            type: type,
            name: element["name"],
            language: element.attributes.first {
                $0.name == "lang" && $0.namespace == Namespace.xml
            }?.value
        )
    }

    /// The `<identity/>`.
    package var element: Element {
        var element = Element("identity", Namespace.discoInfo)
        element["category"] = category
        element["type"] = type
        element["name"] = name
        if let language {
            element.attributes.append(.init("lang", language, namespace: Namespace.xml))
        }
        return element
    }
}

/// What an entity lists beneath itself: the answer to `disco#items` (XEP-0030 §4).
package struct DiscoItems: Sendable, Hashable {
    package var node: String?
    package var items: [Item]
    /// Where they are in the whole list, where they are not all or a page was asked for (XEP-0059).
    package var page: ResultSetAnswer?

    package init(node: String? = nil, items: [Item] = [], page: ResultSetAnswer? = nil) {
        self.node = node
        self.items = items
        self.page = page
    }

    /// An entity, or a node of one.
    package struct Item: Sendable, Hashable {
        package var jid: JID
        package var node: String?
        package var name: String?

        package init(jid: JID, node: String? = nil, name: String? = nil) {
            self.jid = jid
            self.node = node
            self.name = name
        }
    }
}

extension DiscoItems {
    /// Reads a `<query/>`; nil when it is not one.
    ///
    /// Items without an address are passed over.
    package init?(_ query: Element) {
        guard query.matches("query", Namespace.discoItems) else { return nil }
        let set = query.child("set", ResultSetRequest.namespace)
        self.init(node: query["node"], page: set.flatMap(ResultSetAnswer.init))
        for child in query.elements where child.matches("item", Namespace.discoItems) {
            guard let text = child["jid"], let jid = try? JID(text) else { continue }
            items.append(Item(jid: jid, node: child["node"], name: child["name"]))
        }
    }

    /// The `<query/>` of the answer.
    package var element: Element {
        var query = Element("query", Namespace.discoItems)
        query["node"] = node
        for item in items {
            var element = Element("item", Namespace.discoItems)
            element["jid"] = item.jid.description
            element["node"] = item.node
            element["name"] = item.name
            query.append(element)
        }
        if let page { query.append(page.element) }
        return query
    }
}
