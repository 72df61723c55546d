import XMPP

/// Looks for the server's fleet service and keeps this session's subscription to it.
///
/// States, in order: idle, without a stream; searching, while the server and its components say
/// what they are; joining, until the service has answered the subscription; silent, until it told
/// anything; joined. Or absent: the accounts are listened to instead, and only an answer that comes
/// late leads on from there. The accounts are listened to as well while a service stays silent: it
/// may be that it has nothing to tell us.
struct FleetService: Sendable {
    private(set) var state = State.idle
    private var domain = ""
    /// Those who were asked what they are and have not said.
    private var pending: Set<JID> = []
    /// Whether a subscription may be tried: once a session.
    private var mayJoin = false
    /// Whether the search took longer than it may hold up the rest.
    private var hasWaited = false
    private var hasTold = false

    enum State: Sendable, Hashable {
        case idle, searching
        case joining(Service)
        case silent(Service)
        case joined(Service)
        case absent
    }

    /// What a service said of itself.
    struct Service: Sendable, Hashable {
        var jid: JID
        var hasHistory: Bool
    }

    /// What is to be done next.
    enum Action: Sendable, Hashable {
        case wait
        /// Ask these what they are.
        case ask([JID])
        /// Ask for the subscription.
        case join(JID)
        /// The service tells from here on.
        case listenToService
        case listenToAccounts
    }

    /// The node of the one subscription: all nodes that there are and will be.
    static let everyNode = "#"
    /// Components asked what they are: servers have a handful.
    static let maximumComponents = 8
    /// What a service must be able to do, and what tells that it answers for the past.
    private static let required = ["fleet", "wildcards"].map { Namespace.lapwing + "#" + $0 }
    static let history = Namespace.lapwing + "#history"

    /// The service that events are taken from; nil without one.
    var service: Service? {
        switch state {
        case .joining(let service), .silent(let service), .joined(let service): service
        case .idle, .searching, .absent: nil
        }
    }

    /// Whether it is not known yet who tells the values.
    var isUndecided: Bool {
        switch state {
        case .idle: true
        case .searching, .joining, .silent: !hasWaited
        case .joined, .absent: false
        }
    }

    /// The service that values come from; nil where they come from the accounts.
    var source: Service? {
        if case .joined(let service) = state { service } else { nil }
    }

    /// Whether there is a subscription.
    var isSubscribed: Bool {
        switch state {
        case .silent, .joined: true
        case .idle, .searching, .joining, .absent: false
        }
    }
}

extension FleetService {
    mutating func begin(at domain: String) {
        self = FleetService()
        self.domain = domain
        state = .searching
        mayJoin = true
    }

    /// The server's list of components came; nil when it gave none.
    mutating func listed(_ items: DiscoItems?) -> Action {
        guard mayJoin, service == nil else { return .wait }
        let suffix = "." + domain
        // A service is believed what it says of others: it must be our own server's.
        let components = (items?.items ?? []).filter {
            $0.jid.isDomain && $0.node == nil && $0.jid.domain.hasSuffix(suffix)
        }
        let usual = "monitor" + suffix
        let jids =
            components.map(\.jid).filter { $0.domain == usual }
            + components.map(\.jid).filter { $0.domain != usual }
        let asked = Array(jids.prefix(Self.maximumComponents))
        pending = Set(asked)
        return asked.isEmpty ? giveUpSearch() : .ask(asked)
    }

    /// A component said what it is; nil when it refused to.
    mutating func described(_ jid: JID, _ info: DiscoInfo?) -> Action {
        guard pending.remove(jid) != nil, mayJoin, service == nil else { return .wait }
        if let info, Self.isFleetService(info) {
            let hasHistory = info.features.contains(Self.history)
            state = .joining(Service(jid: jid, hasHistory: hasHistory))
            return .join(jid)
        }
        return pending.isEmpty ? giveUpSearch() : .wait
    }

    private static func isFleetService(_ info: DiscoInfo) -> Bool {
        info.identities.contains { $0.category == "pubsub" && $0.type == "service" }
            && required.allSatisfy { info.features.contains($0) }
    }

    private mutating func giveUpSearch() -> Action {
        guard state == .searching else { return .wait }
        state = .absent
        return .listenToAccounts
    }

    /// The service answered the subscription.
    mutating func answered(isSubscribed: Bool) -> Action {
        guard case .joining(let service) = state else { return .wait }
        mayJoin = false
        state = isSubscribed ? hasTold ? .joined(service) : .silent(service) : .absent
        guard isSubscribed else { return .listenToAccounts }
        // Who is listened to already is left only for one who tells something.
        return hasWaited && !hasTold ? .wait : .listenToService
    }

    /// The service told something.
    mutating func told() -> Action {
        hasTold = true
        guard case .silent(let service) = state else { return .wait }
        state = .joined(service)
        return .listenToService
    }

    /// The service ended the subscription.
    mutating func ended() -> Action {
        guard service != nil else { return .wait }
        mayJoin = false
        state = .absent
        return .listenToAccounts
    }

    /// The search takes too long to wait for: whoever answers later is still heard.
    mutating func waitedLongEnough() -> Action {
        hasWaited = true
        switch state {
        case .searching: return giveUpSearch()
        case .joining, .silent: return .listenToAccounts
        case .idle, .joined, .absent: return .wait
        }
    }
}
