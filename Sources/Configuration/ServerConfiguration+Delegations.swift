extension ServerConfiguration.Component {
    /// A namespace whose requests the component answers in the server's place (XEP-0355); a table
    /// `[[components.delegations]]`.
    package struct Delegation: Sendable, Equatable {
        package var namespace: String
        /// What the first element of the request has to have, all of them.
        package var attributes: [String] = []

        package init(_ namespace: String, attributes: [String] = []) {
            self.namespace = namespace
            self.attributes = attributes
        }
    }
}

extension ServerConfiguration.Component.Delegation {
    /// Namespaces that a component may be given, and attributes that may be asked for.
    static let maximum = 100
    static let attributesMaximum = 20

    private static let delegation = "urn:xmpp:delegation:"
    /// Not namespaces of requests: what XEP-0355 §7.2.4 and §7.2.5 call so.
    private static let remaining = [
        delegation + "2:bare:disco#info:*", delegation + "2:bare:disco#items:*",
    ]
    /// What a stream needs, or what says who may do what.
    private static let kept: Set<String> = [
        "http://etherx.jabber.org/streams", "jabber:client", "jabber:server",
        "jabber:component:accept", "urn:ietf:params:xml:ns:xmpp-bind",
        "urn:ietf:params:xml:ns:xmpp-sasl", "urn:ietf:params:xml:ns:xmpp-session",
        "urn:ietf:params:xml:ns:xmpp-stanzas", "urn:ietf:params:xml:ns:xmpp-streams",
        "urn:ietf:params:xml:ns:xmpp-tls", "urn:xmpp:component:0", "urn:xmpp:forward:0",
        "urn:xmpp:privilege:2", "urn:xmpp:sm:3",
    ]

    init(_ table: ConfigurationTable) throws(ConfigurationError) {
        guard let namespace = try table.string("namespace"), !namespace.isEmpty else {
            throw table.missing("namespace", "\"http://jabber.org/protocol/pubsub\"")
        }
        self.init(namespace, attributes: try table.strings("attributes") ?? [])
        let isRemaining = Self.remaining.contains(namespace)
        if Self.kept.contains(namespace) || (namespace.hasPrefix(Self.delegation) && !isRemaining) {
            throw table.error("namespace", "\"\(namespace)\" is for the server itself to answer")
        }
        if isRemaining, !attributes.isEmpty {
            throw table.error("attributes", "\"\(namespace)\" is delegated whole")
        }
        guard attributes.count <= Self.attributesMaximum else {
            throw table.error("attributes", "there are more than \(Self.attributesMaximum)")
        }
        if attributes.contains(where: \.isEmpty) {
            throw table.error("attributes", "an attribute has no name")
        }
    }

    /// Reads those of a component.
    static func all(_ component: ConfigurationTable) throws(ConfigurationError) -> [Self] {
        var delegations: [Self] = []
        for table in try component.tables("delegations") ?? [] {
            let delegation = try Self(table)
            guard !delegations.contains(where: { $0.namespace == delegation.namespace }) else {
                throw table.error("namespace", "\"\(delegation.namespace)\" stands here twice")
            }
            delegations.append(delegation)
        }
        guard delegations.count <= maximum else {
            throw component.error("delegations", "there are more than \(maximum)")
        }
        return delegations
    }
}

extension ServerConfiguration.Component {
    /// Whether it has any say over accounts here.
    var hasRights: Bool { !delegations.isEmpty || privileges != .init() }

    /// The domains over whose accounts it has rights, of those that there are.
    private func managedDomains(of domains: [String]) -> [String] {
        if let accountsOf { return accountsOf }
        let above = domains.filter { domain.hasSuffix("." + $0) }
        let nearest = above.max { $0.utf8.count < $1.utf8.count }
        return (nearest ?? domains.first).map { [$0] } ?? []
    }

    /// Finds a namespace that another component has of one of the same domains.
    func checkDelegations(
        besides others: [Self],
        of domains: [String],
        _ table: ConfigurationTable
    ) throws(ConfigurationError) {
        let own = managedDomains(of: domains)
        for other in others {
            guard let shared = other.managedDomains(of: domains).first(where: own.contains) else {
                continue
            }
            for delegation in delegations
            where other.delegations.contains(where: { $0.namespace == delegation.namespace }) {
                throw table.error(
                    "delegations",
                    "\"\(delegation.namespace)\" of \(shared) is \(other.domain)'s already"
                )
            }
        }
    }
}

extension ServerConfiguration {
    private static let pubsub = "http://jabber.org/protocol/pubsub"

    /// Halves of what belongs together.
    var delegationWarnings: [String] {
        components.compactMap { component in
            let names = Set(component.delegations.map(\.namespace))
            guard names.contains(Self.pubsub), !names.contains(Self.pubsub + "#owner") else {
                return nil
            }
            return
                "components: \(component.domain) keeps the nodes of accounts, but who configures "
                + "theirs is not sent to it: delegate \"\(Self.pubsub)#owner\" too"
        }
    }
}
