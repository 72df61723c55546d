import Configuration
import Modules
import XMPP

// What concerns components (XEP-0356).
extension LoopHost {
    /// RFC 6120 §8.3.3.10: the domain may well exist; it is this server that does not allow to
    /// send there, whatever the component does about it.
    static let staysHere = StanzaError(
        .notAllowed,
        text: "the component is for the domains of this server"
    )

    /// Tells the shard of an address, or all of them.
    func tell(_ news: ComponentNews, _ address: JID?) {
        if let address {
            post(.news(news, for: address.bare), to: placement.loop(of: address))
        } else {
            for target in hosts.indices { post(.news(news, for: world.domain), to: target) }
        }
    }
}

extension LoopHost {
    /// A connection of this loop has become a component's.
    func attached(_ component: JID, _ session: SessionID, _ isFirst: Bool) {
        for domain in shard.world.domains(managedBy: component) {
            tell(.attached(component, session, isFirst: isFirst, domain: domain), domain)
        }
        take([])
    }

    /// The last connection of a component, one of this loop, is gone.
    func gone(_ component: JID) {
        // All of them: what it had rights over is not known any more where it was removed.
        for name in world.domains {
            let domain = JID(normalizedLocal: nil, domain: name)
            tell(.gone(component, domain: domain), domain)
        }
        take([])
    }
}

extension ServerConfiguration.Component {
    /// The domains whose accounts it has rights over: those that the operator names, else the one
    /// that it is below, else the first.
    func managedDomains(in world: World) -> Set<String> {
        guard let accountsOf else { return [world.parent(of: domain) ?? world.domain.domain] }
        return Set(accountsOf.compactMap { try? JID($0).domain })
    }
}

extension PrivilegeTable {
    init(_ components: [ServerConfiguration.Component], in world: World) {
        var table: [JID: Privileges] = [:]
        for component in components {
            let jid = JID(normalizedLocal: nil, domain: component.domain)
            table[jid] = Privileges(
                component.privileges,
                over: component.managedDomains(in: world)
            )
        }
        self.init(table)
    }
}

extension DelegationTable {
    init(_ components: [ServerConfiguration.Component], in world: World) {
        self.init(
            components.flatMap { component in
                let domains = component.managedDomains(in: world)
                return component.delegations.map {
                    Delegation(
                        $0.namespace,
                        attributes: $0.attributes,
                        to: JID(normalizedLocal: nil, domain: component.domain),
                        over: domains
                    )
                }
            }
        )
    }
}

extension Privileges {
    /// What the operator grants.
    init(_ configuration: ServerConfiguration.Component.Privileges, over domains: Set<String>) {
        self.init(over: domains)
        roster = Access(rawValue: configuration.roster.rawValue) ?? .none
        pushes = configuration.rosterPush ?? configuration.roster.reads
        sendsMessages = configuration.message == .outgoing
        presence = Sight(rawValue: configuration.presence.rawValue) ?? .none
        iq = configuration.iq.compactMapValues { Access(rawValue: $0.rawValue) }
    }
}
