package import XMPP

/// What modules know beside the account that a request concerns.
///
/// Kept by the shard.
package struct World: Sendable {
    /// The first of the domains of accounts.
    package let domain: JID
    /// All domains of accounts, the first one too; those of services are others.
    package let domains: Set<String>
    package let modules: ModuleTable
    package var groups: SharedGroups
    /// Name and version as XEP-0092 tells them.
    package let software: Software
    /// The services beside the accounts, by their domains.
    package private(set) var services: [JID: Service] = [:]
    /// The fleet services, by the domains of their hosts.
    private var fleets: [String: JID] = [:]
    /// The domains of external components (XEP-0114), attached or not.
    package var components: [JID] = []
    /// Those of them that other servers do not reach.
    package var internalComponents: Set<JID> = []
    /// What components may do in the names of accounts (XEP-0356).
    package var privileges = PrivilegeTable()
    /// Namespaces that components answer for (XEP-0355).
    package var delegations = DelegationTable()
    /// What those components add to disco info.
    package var nested = NestedDiscovery()
    /// Sessions that an account may have at once; a login past it is refused.
    package var sessionsMaximum = 10

    /// A service beside the accounts of a domain.
    package struct Service: Sendable {
        package let kind: PubSubService.Profile.Kind
        /// The domain of the accounts that it is for.
        package let domain: String
        /// Who may manage every node of it.
        package let administrators: Set<JID>
        /// Who may know of every host of a fleet service: bare addresses and domains, besides the
        /// groups that see a host.
        package let allowed: Set<JID>

        package init(
            _ kind: PubSubService.Profile.Kind,
            of domain: String,
            administrators: Set<JID> = [],
            allowed: Set<JID> = []
        ) {
            self.kind = kind
            self.domain = domain
            self.administrators = administrators
            self.allowed = allowed
        }
    }

    package struct Software: Sendable {
        package let name: String
        package let version: String

        package init(name: String, version: String) {
            self.name = name
            self.version = version
        }
    }

    /// `others` are the domains of accounts besides the first.
    package init(
        domain: JID,
        others: Set<String> = [],
        modules: ModuleTable,
        groups: SharedGroups,
        software: Software
    ) {
        self.domain = domain
        domains = others.union([domain.domain])
        self.modules = modules
        self.groups = groups
        self.software = software
    }
}

extension World {
    /// Adds a service.
    package mutating func add(_ address: JID, _ service: Service) {
        services[address] = service
        if service.kind == .fleet { fleets[service.domain] = address }
    }

    /// The service that mirrors the nodes of a domain's hosts; nil where there is none.
    package func fleet(of domain: String) -> JID? { fleets[domain] }

    /// Whether that is a domain of accounts here.
    package func isLocal(_ name: String) -> Bool {
        // Most servers have one domain: no hash for those.
        name == domain.domain || (domains.count > 1 && domains.contains(name))
    }

    /// Whether the server answers for addresses of that domain: one of accounts, or a service's.
    package func serves(_ name: String) -> Bool {
        isLocal(name)
            || (!services.isEmpty && services[JID(normalizedLocal: nil, domain: name)] != nil)
    }

    /// Takes the components of another world, and what they may do.
    mutating func takeComponents(of other: World) {
        components = other.components
        internalComponents = other.internalComponents
        privileges = other.privileges
        let (old, new) = (delegations, other.delegations)
        nested.keep { namespace, domain in old[namespace, domain] == new[namespace, domain] }
        delegations = new
    }

    /// The domains over whose accounts a component has rights.
    package func domains(managedBy component: JID) -> [JID] {
        privileges.domains(of: component).map { JID(normalizedLocal: nil, domain: $0) }
    }

    /// What a domain of accounts lists as its items (XEP-0030 §3), in the order of their names: its
    /// services, and the components below it or below no domain here, as far as the asker reaches
    /// them.
    func items(of domain: String, for asker: JID) -> [JID] {
        let services = services.lazy.filter { $0.value.domain == domain }.map(\.key)
        let isOurs =
            internalComponents.isEmpty || serves(asker.domain)
            || components.contains { $0.domain == asker.domain }
        let components = components.filter {
            (parent(of: $0.domain).map { $0 == domain } ?? true)
                && (isOurs || !internalComponents.contains($0))
        }
        return (Array(services) + components).sorted { $0.domain < $1.domain }
    }

    /// The nearest domain of accounts that a name is below; nil where there is none.
    package func parent(of name: String) -> String? {
        var rest = name[...]
        while let dot = rest.firstIndex(of: ".") {
            rest = rest[rest.index(after: dot)...]
            if isLocal(String(rest)) { return String(rest) }
        }
        return nil
    }
}
