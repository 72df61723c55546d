package import XMPP

/// A namespace whose requests a component answers in the server's place (XEP-0355).
package struct Delegation: Sendable, Hashable {
    package static let xmlns = "urn:xmpp:delegation:2"
    /// What stands for `disco#info` of accounts' nodes that the server does not know (§7.2.4).
    package static let remainingInfo = xmlns + ":bare:disco#info:*"
    /// The same for `disco#items`, of accounts themselves too (§7.2.5).
    package static let remainingItems = xmlns + ":bare:disco#items:*"

    package let namespace: String
    /// What the payload has to have for the request to be the component's, all of them (§4.1).
    package let attributes: [String]
    /// The managing entity.
    package let component: JID
    /// The domains of accounts here for which it is.
    package let domains: Set<String>

    package init(
        _ namespace: String,
        attributes: [String] = [],
        to component: JID,
        over domains: Set<String>
    ) {
        self.namespace = namespace
        self.attributes = attributes
        self.component = component
        self.domains = domains
    }

    /// Whether that is the component itself, whose requests the server answers (§4.3.1).
    func isManaged(by sender: JID) -> Bool {
        sender.local == nil && sender.domain == component.domain
    }

    /// Whether it is about nothing but nodes that the server does not know.
    var isOfRemainingNodes: Bool {
        namespace == Self.remainingInfo || namespace == Self.remainingItems
    }

    /// The `<delegated/>` that tells the component of it (§4.2).
    fileprivate var element: Element {
        Element(
            "delegated",
            Self.xmlns,
            attributes: [.init("namespace", namespace)],
            attributes.map {
                Element("attribute", Self.xmlns, attributes: [.init("name", $0)])
            }
        )
    }
}

/// Which namespaces of which domains are delegated, to whom.
///
/// It is so whether the component is attached or not: while it is not, nobody answers in its
/// namespaces (XEP-0355 §4.3, note 1).
package struct DelegationTable: Sendable {
    private var byDomain: [String: [String: Delegation]] = [:]

    /// Where two are of one namespace and domain, the first has it.
    package init(_ delegations: [Delegation] = []) {
        for delegation in delegations {
            for domain in delegation.domains
            where byDomain[domain]?[delegation.namespace] == nil {
                byDomain[domain, default: [:]][delegation.namespace] = delegation
            }
        }
    }

    package var isEmpty: Bool { byDomain.isEmpty }

    /// The delegation of a namespace of a domain and its accounts.
    subscript(namespace: String, domain: String) -> Delegation? {
        byDomain[domain]?[namespace]
    }

    /// The delegation that a request's payload falls under.
    func delegation(of payload: Element, in domain: String) -> Delegation? {
        guard let delegation = self[payload.namespace, domain],
            delegation.attributes.allSatisfy({ payload[$0] != nil })
        else { return nil }
        return delegation
    }

    /// What of a domain is delegated to a component, in the order of the namespaces.
    func all(to component: JID, in domain: String) -> [Delegation] {
        (byDomain[domain] ?? [:]).values.filter { $0.component == component }
            .sorted { $0.namespace < $1.namespace }
    }

    /// Whether a component keeps the nodes of the domain's accounts, all of them.
    func takesNodes(of domain: String) -> Bool {
        self[Namespace.pubsub, domain]?.attributes.isEmpty == true
    }

    /// Whether the server's own feature of that name is not told, because a component's are in its
    /// place, with or without attributes (§7.2.1): the namespace, a part of it, or something else
    /// that holds in it, as XEP-0413 has names.
    func hides(_ feature: String, in domain: String) -> Bool {
        guard let namespaces = byDomain[domain]?.keys else { return false }
        return namespaces.contains {
            feature == $0 || feature.hasPrefix($0 + "#") || feature.hasSuffix("@" + $0)
        }
    }

    /// Tells a component what is delegated to it (§4.2); nil where that is nothing.
    func advertisement(from domain: JID, to component: JID) -> Stanza? {
        let delegated = all(to: component, in: domain.domain).map(\.element)
        guard !delegated.isEmpty else { return nil }
        let delegation = Element("delegation", Delegation.xmlns, delegated)
        return Stanza(.message, id: "delegations", from: domain, to: component, [delegation])
    }
}
