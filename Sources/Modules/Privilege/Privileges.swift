package import XMPP

/// What a component may do in the names of this server's accounts (XEP-0356).
package struct Privileges: Sendable, Hashable {
    package static let namespace = "urn:xmpp:privilege:2"

    /// The domains of accounts here that it is about; of all others it is nothing.
    package var domains: Set<String>
    /// Of rosters (§3).
    package var roster = Access.none
    /// Whether it is told when a roster changes; needs `get` (§3.3).
    package var pushes = false
    /// Whether it may send messages as the server or an account (§4).
    package var sendsMessages = false
    package var presence = Sight.none
    /// The namespaces in which it may send iqs as an account (§5).
    package var iq: [String: Access] = [:]

    package init(over domains: Set<String>) {
        self.domains = domains
    }

    /// Which requests are allowed.
    package enum Access: String, Sendable {
        case none, get, set, both

        /// Whether an iq of that type is allowed.
        package func allows(_ type: String?) -> Bool {
            switch self {
            case .none: false
            case .both: type == "get" || type == "set"
            case .get, .set: type == rawValue
            }
        }
    }

    /// Whose presence it is sent (§6).
    package enum Sight: String, Sendable {
        case none
        /// The accounts'.
        case accounts = "managed_entity"
        /// The accounts' and that of their contacts elsewhere.
        case contacts = "roster"
    }
}

// MARK: - Advertisement

extension Privileges {
    /// Tells the component what it may do (§3.2, §4.2, §5.2, §6.2); nil where that is nothing.
    package func advertisement(from domain: JID, to component: JID) -> Stanza? {
        var privilege = Element("privilege", Self.namespace)
        if roster != .none {
            var element = Self.permission("roster", roster.rawValue)
            element["push"] = pushes ? "true" : "false"
            privilege.append(element)
        }
        if sendsMessages { privilege.append(Self.permission("message", "outgoing")) }
        if !iq.isEmpty {
            var element = Self.permission("iq", nil)
            for (namespace, access) in iq.sorted(by: { $0.key < $1.key }) {
                element.append(
                    Element(
                        "namespace",
                        Self.namespace,
                        attributes: [.init("ns", namespace), .init("type", access.rawValue)]
                    )
                )
            }
            privilege.append(element)
        }
        if presence != .none { privilege.append(Self.permission("presence", presence.rawValue)) }
        guard !privilege.children.isEmpty else { return nil }
        return Stanza(.message, id: "privileges", from: domain, to: component, [privilege])
    }

    private static func permission(_ access: String, _ type: String?) -> Element {
        var element = Element("perm", namespace, attributes: [.init("access", access)])
        element["type"] = type
        return element
    }
}

/// The privileges of all components, and lists of those that a change concerns.
package struct PrivilegeTable: Sendable {
    private let byComponent: [JID: Privileges]
    private let ofRosters: [JID]
    private let ofPresence: [JID]
    private let ofContacts: [JID]

    /// `privileges` by the components' domains.
    package init(_ privileges: [JID: Privileges] = [:]) {
        byComponent = privileges
        let components = privileges.keys.sorted { $0.domain < $1.domain }
        func those(_ isOne: (Privileges) -> Bool) -> [JID] {
            components.filter { privileges[$0].map(isOne) ?? false }
        }
        // §3.1: no pushes without the right to read.
        ofRosters = those { $0.pushes && $0.roster.allows("get") }
        ofPresence = those { $0.presence != .none }
        // §6.4: nor contacts' presence.
        ofContacts = those { $0.presence == .contacts && $0.roster.allows("get") }
    }

    /// What that address may do in the names of accounts of the domain: only the component itself
    /// is privileged, and none of the addresses below it.
    package subscript(component: JID, domain: String) -> Privileges? {
        guard let privileges = byComponent[component], privileges.domains.contains(domain) else {
            return nil
        }
        return privileges
    }

    /// The domains over which a component has privileges.
    package func domains(of component: JID) -> Set<String> { byComponent[component]?.domains ?? [] }

    /// Who is told when a roster of the domain changes.
    func rosterWatchers(of domain: String) -> [JID] { ofRosters.filter { has($0, domain) } }

    /// Who is sent the presence of the domain's accounts.
    func presenceWatchers(of domain: String) -> [JID] { ofPresence.filter { has($0, domain) } }

    /// Who is sent their contacts' as well.
    func contactWatchers(of domain: String) -> [JID] { ofContacts.filter { has($0, domain) } }

    private func has(_ component: JID, _ domain: String) -> Bool {
        byComponent[component]?.domains.contains(domain) == true
    }
}
