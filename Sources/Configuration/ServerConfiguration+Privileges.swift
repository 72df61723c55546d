extension ServerConfiguration.Component {
    /// What the component may do in the names of accounts (XEP-0356); a table
    /// `[components.privileges]`.
    package struct Privileges: Sendable, Equatable {
        package var roster = Access.none
        /// Whether it is told of changes of rosters; nil where it is if it may read them.
        package var rosterPush: Bool?
        package var message = Message.none
        package var presence = Presence.none
        /// By namespace.
        package var iq: [String: Access] = [:]

        package init() {}

        /// Which requests it may send.
        package enum Access: String, Sendable, CaseIterable {
            case none, get, set, both

            /// Whether it may read.
            package var reads: Bool { self == .get || self == .both }
        }

        /// Whether it may send messages as others.
        package enum Message: String, Sendable, CaseIterable {
            case none, outgoing
        }

        /// Whose presence it sees.
        package enum Presence: String, Sendable, CaseIterable {
            case none
            case accounts = "managed_entity"
            case contacts = "roster"
        }
    }
}

extension ServerConfiguration.Component.Privileges {
    /// Namespaces that a component may be given.
    static let namespacesMaximum = 100

    init(_ table: ConfigurationTable) throws(ConfigurationError) {
        roster = try table.choice("roster") ?? roster
        rosterPush = try table.boolean("roster_push")
        message = try table.choice("message") ?? message
        presence = try table.choice("presence") ?? presence
        if let namespaces = try table.table("iq") {
            guard namespaces.keys.count <= Self.namespacesMaximum else {
                throw table.error("iq", "there are more than \(Self.namespacesMaximum)")
            }
            for namespace in namespaces.keys {
                iq[namespace] = try namespaces.choice(namespace)
            }
        }
        if rosterPush == true, !roster.reads {
            throw table.error("roster_push", "needs roster = \"get\" or \"both\"")
        }
        if presence == .contacts, !roster.reads {
            // XEP-0356 §6.4
            throw table.error("presence", "\"roster\" needs roster = \"get\" or \"both\"")
        }
        iq = iq.filter { $0.value != .none }
    }
}
