import XMPP

@testable import Modules

/// A shard with its host played by the test: effects are carried out at once, and what reaches a
/// session can be read.
struct Conversation {
    private var shard: AccountShard
    private var sessions: [String: (SessionID, JID)] = [:]
    private var received: [SessionID: [Stanza]] = [:]
    private(set) var ended: [SessionID: StreamError] = [:]
    private(set) var stored: [Change] = []
    /// Stanzas for other domains.
    private(set) var sentAway: [Stanza] = []
    /// How many recipients notifications had.
    private(set) var notified = 0
    /// Payloads that were read from the store, as `owner node item`.
    private(set) var loads: [String] = []
    /// What the store answers to every question.
    var payload: [UInt8] = []
    /// The same of what samples came to.
    var history: [HistoryRecord] = []
    private var wakes: [(owner: JID, time: Instant)] = []
    private var counter: UInt64 = 0
    var now = Instant(milliseconds: 1_000_000)

    static let modules: [any Module.Type] = [
        RosterModule.self, PEPModule.self, DiscoModule.self, PingModule.self, VersionModule.self,
        ArchiveModule.self,
        CommandsModule.self, PubSubModule.self, PrivilegeModule.self,
        DelegationModule.self,
    ]

    /// The fleet service, where there is one.
    static let fleet = JID(normalizedLocal: nil, domain: "monitor.example.com")

    /// `nodes` is what the store has of accounts and of the fleet service; `domains` are there
    /// besides `example.com`, and `services` besides the fleet's.
    init(
        _ accounts: [String],
        groups: SharedGroups = SharedGroups(),
        domains: Set<String> = [],
        services more: [JID: World.Service] = [:],
        hasFleet: Bool = false,
        allowed: Set<JID> = [],
        nodes: [JID: [NodeRecord]] = [:],
        policy: HistoryPolicy? = nil,
        privileges: [JID: Privileges] = [:],
        delegations: [Delegation] = []
    ) {
        var world = World(
            domain: JID(normalizedLocal: nil, domain: "example.com"),
            others: domains,
            modules: ModuleTable(Self.modules),
            groups: groups,
            software: .init(name: "Lapwing", version: "test")
        )
        world.privileges = PrivilegeTable(privileges)
        world.delegations = DelegationTable(delegations)
        var services: [PubSubService] = []
        if hasFleet {
            world.add(Self.fleet, .init(.fleet, of: "example.com", allowed: allowed))
            var profile = PubSubService.Profile.fleet()
            profile.history = policy
            services = [
                PubSubService(owner: Self.fleet, profile: profile, nodes: nodes[Self.fleet] ?? [])
            ]
        }
        for (address, service) in more {
            world.add(address, service)
            let profile: PubSubService.Profile =
                service.kind == .fleet ? .fleet() : .shared(users: service.domain)
            services.append(
                PubSubService(owner: address, profile: profile, nodes: nodes[address] ?? [])
            )
        }
        var personal = PubSubService.Profile.pep()
        personal.history = policy
        shard = AccountShard(
            accounts.map {
                let jid = Self.jid($0)
                return Account(jid: jid, nodes: nodes[jid] ?? [], profile: personal)
            },
            services: services,
            world: world
        )
    }

    /// What is to be done from the start.
    mutating func start() {
        for owner in shard.owners { carryOut(shard.started(owner, at: now)) }
    }

    /// Lets time pass, and wakes who asked for it.
    mutating func pass(milliseconds: Int64) {
        now = Instant(milliseconds: now.milliseconds + milliseconds)
        while let next = wakes.firstIndex(where: { $0.time <= now }) {
            let owner = wakes.remove(at: next).owner
            carryOut(shard.woke(owner, at: now))
        }
    }

    /// `romeo`, or `romeo@example.net` where it is of another domain.
    static func jid(_ name: String) -> JID {
        let parts = name.split(separator: "@").map(String.init)
        return JID(
            normalizedLocal: parts[0],
            domain: parts.count > 1 ? parts[1] : "example.com"
        )
    }

    /// Opens `romeo/orchard`.
    mutating func login(_ name: String) throws {
        let parts = name.split(separator: "/").map(String.init)
        counter += 1
        let id = SessionID(rawValue: counter)
        let account = Self.jid(parts[0])
        guard
            case .bound(let jid, let effects) = shard.bind(account, resource: parts[1], session: id)
        else { throw StanzaError(.notAllowed) }
        sessions[name] = (id, jid)
        carryOut(effects)
    }

    mutating func logout(_ name: String) {
        guard let (id, jid) = sessions.removeValue(forKey: name) else { return }
        carryOut(shard.closed(id, of: jid.bare))
    }

    /// A session sends; its `from` is stamped as the stream would.
    mutating func send(_ name: String, _ stanza: Stanza) {
        guard let (id, jid) = sessions[name] else { return }
        var stanza = stanza
        stanza.from = jid
        carryOut(shard.receive(stanza, from: id, of: jid.bare, at: now))
    }

    mutating func available(_ name: String, _ payloads: [Element] = []) {
        send(name, Stanza(.presence, payloads))
    }

    /// A stanza comes from outside, as from a component.
    mutating func arrive(_ stanza: Stanza) { route(Routed(stanza)) }

    /// What went to other domains since the last time.
    mutating func takeSentAway() -> [Stanza] {
        defer { sentAway = [] }
        return sentAway
    }

    /// A component's connection is there, which reads what goes to the domain as well.
    mutating func attach(_ component: JID, isFirst: Bool = true) {
        counter += 1
        let session = SessionID(rawValue: counter)
        sessions[component.domain] = (session, component)
        let domain = shard.world.domain
        let news = ComponentNews.attached(component, session, isFirst: isFirst, domain: domain)
        carryOut(shard.receive(news, at: now))
    }

    /// The component's last connection is gone.
    mutating func detach(_ component: JID) {
        carryOut(shard.receive(.gone(component, domain: shard.world.domain), at: now))
    }

    mutating func replaceDelegations(with delegations: [Delegation]) {
        var world = shard.world
        world.delegations = DelegationTable(delegations)
        shard.replaceComponents(with: world)
    }

    mutating func replaceGroups(with groups: SharedGroups) {
        shard.replaceGroups(with: groups)
        carryOut(shard.followGroups())
    }

    mutating func add(_ account: String) {
        carryOut(shard.add(Account(jid: Self.jid(account))))
    }

    mutating func remove(_ account: String) {
        carryOut(shard.remove(Self.jid(account)))
    }

    /// The answer to a session's request, which is taken out of what came to it.
    mutating func reply(to id: String, of name: String) -> Stanza? {
        guard let (session, _) = sessions[name],
            let index = received[session]?.firstIndex(where: { $0.kind == .iq && $0.id == id })
        else { return nil }
        return received[session]?.remove(at: index)
    }

    var world: World { shard.world }

    func service(_ jid: JID) -> PubSubService? { shard.services[jid] }

    /// The nodes that the store has, after all that was stored.
    var records: [JID: [NodeRecord]] {
        var store = StoreModel()
        for case .pubsub(let change) in stored { store.apply(change) }
        return Dictionary(grouping: store.records.values, by: \.owner)
    }

    /// What came to a session since the last time.
    mutating func take(_ name: String) -> [Stanza] {
        guard let (id, _) = sessions[name] else { return [] }
        return received.removeValue(forKey: id) ?? []
    }

    /// How the session's stream was ended, if it was.
    func end(of name: String) -> StreamError? {
        sessions[name].flatMap { ended[$0.0] }
    }

    private mutating func carryOut(_ effects: [Effect]) {
        for effect in effects {
            switch effect {
            case .store(let change, _): stored.append(change)
            case .deliver(let stanza, let session): received[session, default: []].append(stanza)
            case .route(let routed): route(routed)
            case .spread(let routed, let recipients):
                for recipient in recipients {
                    var single = routed
                    single.stanza.to = recipient
                    route(single)
                }
            case .interest(let interest, let accounts):
                for account in accounts {
                    carryOut(shard.receive(interest, for: account, at: now))
                }
            case .notify(let notification): notify(notification)
            case .relate(let routed, let account): route(shard.relate(routed, to: account))
            case .mirror(let change): carryOut(shard.receive(change, at: now))
            case .wake(let owner, let time): wakes.append((owner, time))
            case .load(let owner, let request): load(request, for: owner)
            case .tell(let news, _): carryOut(shard.receive(news, at: now))
            case .farewell: break
            case .end(let session, let error): ended[session] = error
            }
        }
    }

    private mutating func notify(_ notification: Notification) {
        notified += notification.recipients.count
        for recipient in notification.recipients {
            if recipient.session == nil, !shard.world.serves(recipient.jid.domain) {
                sentAway.append(notification.stanza(to: recipient))
                continue
            }
            var able: [SessionID] = recipient.session.map { [$0] } ?? []
            if able.isEmpty {
                let isHeadline = notification.isHeadline
                _ = shard.eachSession(for: recipient.jid, isHeadline: isHeadline) {
                    able.append($0)
                }
            }
            for session in able {
                received[session, default: []].append(notification.stanza(to: recipient))
            }
        }
    }

    private mutating func load(_ request: LoadRequest, for owner: JID) {
        let place = shard.place(of: request, for: owner)
        let names = request.history == nil ? request.items : ["history"]
        loads += names.map { "\(place.owner) \(place.node) \($0)" }
        let payloads = Dictionary(uniqueKeysWithValues: request.items.map { ($0, payload) })
        let found = request.history == nil ? [] : history
        let (recalled, effects) =
            request.isQuestion ? shard.recall(request, at: place, now: now) : (request, [])
        carryOut(effects)
        var answer = recalled.answered(payloads, history: found)
        if let record = recalled.recalled?.record {
            answer.add(record, inPlaceOf: HistoryUsage())
        }
        carryOut(shard.loaded(answer, for: owner, at: now))
    }

    private mutating func route(_ routed: Routed) {
        guard let domain = routed.stanza.to?.domain, shard.world.serves(domain) else {
            sentAway.append(routed.stanza)
            return
        }
        carryOut(shard.receive(routed, at: now))
    }
}
