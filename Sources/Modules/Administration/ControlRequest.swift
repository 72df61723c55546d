package import XMPP

/// What an operator asks of the server through `lapwingctl`.
package enum ControlRequest: Sendable, Hashable {
    /// Makes an account.
    ///
    /// The tool derives the secrets: no password crosses the socket.
    case register(AccountRecord)
    case unregister(JID)
    case changePassword(AccountRecord)
    /// The accounts at `host`, or all.
    case users(host: String?)
    case join(GroupMembership)
    case leave(GroupMembership)
    case groups
    /// The monitored hosts: accounts in the group ``hostsGroup``.
    case hosts
    case status
    /// The streams to and from other servers, and what waits for whom.
    case federation
    /// The ways to the server's other processes.
    case links
    /// Why `jid` would or would not get the current item of a node; `owner` is whose node it is, an
    /// account or a service.
    case why(JID, node: String, owner: JID)

    /// The shared group whose members are monitored hosts.
    package static let hostsGroup = "hosts"
}

/// What the server answers an operator.
package enum ControlReply: Sendable, Hashable {
    case done
    case refused(Refusal)
    case users([JID])
    case groups([GroupListing])
    case hosts([HostState])
    case status(ServerStatus)
    case federation(FederationStatus)
    case links([LinkStatus])
    case findings([Finding])

    /// Why something was not done.
    package struct Refusal: Sendable, Hashable {
        package var reason: Reason
        /// One line for the operator.
        package var text: String

        package init(_ reason: Reason, _ text: String) {
            self.reason = reason
            self.text = text
        }

        /// A domain has no accounts here.
        package static func notServed(_ domain: String, but served: [String]) -> Refusal {
            .init(
                .invalid,
                "\(domain) is not served here; served: \(served.joined(separator: ", "))"
            )
        }

        package enum Reason: String, Sendable, CaseIterable {
            /// It is there already.
            case exists
            /// There is no such account, group or membership.
            case missing
            /// The request makes no sense here, as a host that is not served.
            case invalid
            /// The store, or something else in the world, failed.
            case failed
        }
    }
}

/// One thing that is so, and has to do with what was asked.
package struct Finding: Sendable, Hashable {
    /// What it is about, in a word or two.
    package var subject: String
    package var text: String

    package init(_ subject: String, _ text: String) {
        self.subject = subject
        self.text = text
    }
}

/// A shared group with its members.
package struct GroupListing: Sendable, Hashable {
    package var name: String
    package var sees: [String]
    package var members: [JID]

    package init(name: String, sees: [String], members: [JID]) {
        self.name = name
        self.sees = sees
        self.members = members
    }
}

/// Whether a monitored host is there.
package struct HostState: Sendable, Hashable {
    package var jid: JID
    /// Whether a session of the account is available.
    package var isUp: Bool
    /// When it became so; nil when that is not known.
    package var since: Instant?

    package init(jid: JID, isUp: Bool, since: Instant? = nil) {
        self.jid = jid
        self.isUp = isUp
        self.since = since
    }
}

/// A running server in numbers.
package struct ServerStatus: Sendable, Hashable {
    package var version: String
    /// The domains of accounts, the first one first.
    package var domains: [String]
    package var processID: Int
    package var started: Instant
    /// Counts by name, in the order to show them: accounts, sessions, nodes, items.
    package var counts: [Count]

    /// One number of the status.
    package struct Count: Sendable, Hashable {
        package var name: String
        package var value: Int

        package init(_ name: String, _ value: Int) {
            self.name = name
            self.value = value
        }
    }

    package init(
        version: String,
        domains: [String],
        processID: Int,
        started: Instant,
        counts: [Count]
    ) {
        self.version = version
        self.domains = domains
        self.processID = processID
        self.started = started
        self.counts = counts
    }
}
