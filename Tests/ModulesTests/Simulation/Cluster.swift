import XMPP

@testable import Modules

/// Several shards with their outboxes, one store and their sessions, in one thread: which letter is
/// opened next is chance, but letters of one to another stay in order.
struct Cluster {
    static let shardCount = 3
    static let domain = JID(normalizedLocal: nil, domain: "example.com")
    static let pubsub = JID(normalizedLocal: nil, domain: "pubsub.example.com")
    static let fleet = JID(normalizedLocal: nil, domain: "monitor.example.com")

    /// What one shard has for another, as the server's loops have.
    enum Letter {
        case stanza(Routed)
        case interest(Interest, for: JID)
        case bytes(Stanza, to: SessionID)
        case announcement(Notification)
        case relate(Routed, to: JID)
        case wake(JID)
        case mirror(MirrorChange)
        case received(Stanza, from: SessionID, of: JID)
        case closed(SessionID, of: JID)
        case stored(ticket: UInt64, isDone: Bool)
        case restored(JID, [NodeRecord])
        case loaded(LoadedItems, for: JID)
    }

    var dice: SeededDice
    var shards: [AccountShard] = []
    var outboxes = Array(repeating: Outbox(), count: shardCount)
    var store = StoreOfCluster()
    /// By sender and receiver; the store and its reader send as well.
    private var mail: [[Letter]]
    /// What came for owners that are being read again.
    private var suspended: [JID: [Letter]] = [:]
    private var alarms: [(owner: JID, time: Instant)] = []
    var now = Instant(milliseconds: 1_700_000_000_000)
    /// What reached sessions, in order; a session that is gone reads nothing.
    var received: [SessionID: [Stanza]] = [:]
    /// Which letters were opened, in order, and how long the stanzas were that reached sessions.
    private(set) var way: [Int] = []
    private let world: World
    private let indices: [JID: Int]
    private var sessionsBound: UInt64 = 0

    private static let senders = shardCount + 2

    init(seed: UInt64, accounts: [JID], groups: SharedGroups) {
        dice = SeededDice(seed: seed)
        mail = Array(repeating: [], count: Self.senders * Self.shardCount)
        var world = World(
            domain: Self.domain,
            modules: ModuleTable(Conversation.modules),
            groups: groups,
            software: .init(name: "Lapwing", version: "test")
        )
        world.add(Self.pubsub, .init(.shared, of: Self.domain.domain))
        world.add(Self.fleet, .init(.fleet, of: Self.domain.domain))
        self.world = world
        var indices = [Self.pubsub: 0, Self.fleet: 1]
        for (number, account) in accounts.enumerated() {
            indices[account] = number % Self.shardCount
        }
        self.indices = indices
        for shard in 0..<Self.shardCount {
            shards.append(
                AccountShard(
                    accounts.filter { indices[$0] == shard }.map { Account(jid: $0) },
                    services: [Self.pubsub, Self.fleet].filter { indices[$0] == shard }
                        .map { Self.service($0, []) },
                    world: world
                )
            )
        }
        for shard in shards.indices {
            for owner in shards[shard].owners.sorted(by: Self.areInOrder) {
                carryOut(shards[shard].started(owner, at: now), of: owner, at: shard)
            }
        }
    }

    /// Whatever order a set of them has.
    static func areInOrder(_ one: JID, _ other: JID) -> Bool {
        one.description < other.description
    }

    private static func service(_ owner: JID, _ nodes: [NodeRecord]) -> PubSubService {
        PubSubService(
            owner: owner,
            profile: owner == fleet ? .fleet() : .shared(users: domain.domain),
            nodes: nodes
        )
    }

    func index(of jid: JID) -> Int { indices[jid.bare] ?? 0 }

    private static func index(of session: SessionID) -> Int {
        Int(session.rawValue % UInt64(shardCount))
    }

    /// The nodes of an owner as they are in memory.
    func nodes(of owner: JID) -> PubSubService? {
        let shard = shards[index(of: owner)]
        return shard.services[owner] ?? shard.accounts[owner]?.pep
    }

    // MARK: Sessions

    mutating func logIn(_ account: JID, _ resource: String) -> SessionID? {
        sessionsBound += 1
        let id = SessionID(rawValue: sessionsBound)
        let shard = index(of: account)
        guard
            case .bound(_, let effects) = shards[shard].bind(
                account,
                resource: resource,
                session: id
            )
        else { return nil }
        received[id] = []
        carryOut(effects, of: account, at: shard)
        return id
    }

    /// What a session sends takes its time to the shard of its account.
    mutating func send(_ stanza: Stanza, from session: SessionID, _ jid: JID) {
        var stanza = stanza
        stanza.from = jid
        let letter = Letter.received(stanza, from: session, of: jid.bare)
        post(letter, from: Self.index(of: session), to: index(of: jid))
    }

    /// A session vanishes: what is under way to it is lost.
    mutating func vanish(_ session: SessionID, of account: JID) {
        received[session] = nil
        let letter = Letter.closed(session, of: account)
        post(letter, from: Self.index(of: session), to: index(of: account))
    }

    // MARK: What chance does

    /// Opens one letter, or has the store do some of its work; false when there is nothing to do.
    mutating func step() -> Bool {
        let waiting = mail.indices.filter { !mail[$0].isEmpty }
        if waiting.isEmpty || dice.happens(onceIn: 6) {
            guard store.isEmpty else {
                workStore()
                return true
            }
        }
        guard !waiting.isEmpty else { return false }
        let queue = dice.pick(waiting)
        let letter = mail[queue].removeFirst()
        way.append(queue)
        open(letter, at: queue % Self.shardCount)
        return true
    }

    mutating func settle() { while step() {} }

    mutating func pass(_ duration: Duration) {
        now = now + duration
        let due = alarms.filter { $0.time <= now }
        alarms.removeAll { $0.time <= now }
        for alarm in due {
            let shard = index(of: alarm.owner)
            post(.wake(alarm.owner), from: shard, to: shard)
        }
    }

    private mutating func workStore() {
        for done in store.work(&dice) {
            switch done {
            case .outcome(let shard, let ticket, let isDone):
                post(.stored(ticket: ticket, isDone: isDone), from: Self.shardCount, to: shard)
            case .reading(let owner, let nodes):
                let letter = Letter.restored(owner, nodes)
                post(letter, from: Self.shardCount + 1, to: index(of: owner))
            }
        }
    }

    private mutating func post(_ letter: Letter, from sender: Int, to shard: Int) {
        mail[sender * Self.shardCount + shard].append(letter)
    }
}

// MARK: - Letters

extension Cluster {
    private mutating func open(_ letter: Letter, at shard: Int) {
        if let owner = owner(of: letter), suspended[owner] != nil {
            suspended[owner]?.append(letter)
            return
        }
        switch letter {
        case .stanza(let routed):
            guard let to = routed.stanza.to else { return }
            carryOut(shards[shard].receive(routed, at: now), of: to.bare, at: shard)
        case .interest(let interest, let account):
            let effects = shards[shard].receive(interest, for: account, at: now)
            carryOut(effects, of: account, at: shard)
        case .bytes(let stanza, let session):
            way.append(stanza.serialized().count)
            received[session]?.append(stanza)
        case .announcement(let notification): announce(notification, at: shard)
        case .relate(let routed, let account):
            guard let to = routed.stanza.to else { return }
            let related = shards[shard].relate(routed, to: account)
            post(.stanza(related), from: shard, to: index(of: to))
        case .wake(let owner):
            carryOut(shards[shard].woke(owner, at: now), of: owner, at: shard)
        case .mirror(let change):
            carryOut(shards[shard].receive(change, at: now), of: Self.fleet, at: shard)
        case .received(let stanza, let session, let account):
            let effects = shards[shard].receive(stanza, from: session, of: account, at: now)
            carryOut(effects, of: account, at: shard)
        case .closed(let session, let account):
            carryOut(shards[shard].closed(session, of: account), of: account, at: shard)
        case .stored(let ticket, true):
            for effect in outboxes[shard].committed(through: ticket) { perform(effect, at: shard) }
        case .stored(let ticket, false):
            let (owner, effects) = outboxes[shard].refused(ticket)
            for effect in effects { perform(effect, at: shard) }
            guard let owner, suspended[owner] == nil else { return }
            suspended[owner] = []
            store.read(owner)
        case .restored(let owner, let nodes): resume(owner, nodes, at: shard)
        case .loaded(let items, let owner):
            let effects = shards[shard].loaded(items, for: owner, at: now)
            carryOut(effects, of: owner, at: shard)
        }
    }

    /// Whom a letter is for that waits while its owner is read again.
    private func owner(of letter: Letter) -> JID? {
        switch letter {
        case .stanza(let routed): routed.stanza.to?.bare
        case .interest(_, let account), .wake(let account), .relate(_, let account): account
        case .received(_, _, let account), .closed(_, let account): account
        case .mirror: Self.fleet
        case .bytes, .announcement, .stored, .restored, .loaded: nil
        }
    }

    private mutating func resume(_ owner: JID, _ nodes: [NodeRecord], at shard: Int) {
        if shards[shard].services[owner] != nil {
            shards[shard].restore(Self.service(owner, nodes))
        } else {
            shards[shard].restore(Account(jid: owner, nodes: nodes))
        }
        carryOut(shards[shard].started(owner, at: now), of: owner, at: shard)
        // In order, and before what comes now.
        for letter in suspended.removeValue(forKey: owner) ?? [] { open(letter, at: shard) }
    }

    private mutating func announce(_ notification: Notification, at shard: Int) {
        for recipient in notification.recipients {
            var able: [SessionID] = []
            let isHeadline = notification.isHeadline
            _ = shards[shard].eachSession(for: recipient.jid, isHeadline: isHeadline) {
                able.append($0)
            }
            for session in able {
                deliver(notification.stanza(to: recipient), to: session, from: shard)
            }
        }
    }

    private mutating func deliver(_ stanza: Stanza, to session: SessionID, from shard: Int) {
        post(.bytes(stanza, to: session), from: shard, to: Self.index(of: session))
    }
}

// MARK: - Effects

extension Cluster {
    private mutating func carryOut(_ effects: [Effect], of owner: JID, at shard: Int) {
        guard !effects.isEmpty else { return }
        for action in outboxes[shard].add(effects, owner: owner) {
            switch action {
            case .perform(let effect): perform(effect, at: shard)
            case .write(let change): store.submit([change], from: shard, ticket: nil)
            case .commit(let changes, let ticket):
                store.submit(changes, from: shard, ticket: ticket)
            }
        }
    }

    private mutating func perform(_ effect: Effect, at shard: Int) {
        switch effect {
        case .store, .farewell, .end: break
        case .deliver(let stanza, let session): deliver(stanza, to: session, from: shard)
        case .route(let routed): route(routed, from: shard)
        case .spread(let routed, let recipients):
            for recipient in recipients {
                var single = routed
                single.stanza.to = recipient
                route(single, from: shard)
            }
        case .interest(let interest, let accounts):
            for account in accounts {
                post(.interest(interest, for: account), from: shard, to: index(of: account))
            }
        case .notify(let notification): notify(notification, from: shard)
        case .load(let owner, let request):
            let place = shards[shard].place(of: request, for: owner)
            let payloads = store.payloads(place.owner, place.node, request.items)
            let letter = Letter.loaded(request.answered(payloads), for: owner)
            post(letter, from: Self.shardCount + 1, to: shard)
        case .relate(let routed, let account):
            post(.relate(routed, to: account), from: shard, to: index(of: account))
        case .wake(let owner, let time): alarms.append((owner, time))
        case .mirror(let change): post(.mirror(change), from: shard, to: index(of: Self.fleet))
        case .tell: break
        }
    }

    private mutating func route(_ routed: Routed, from shard: Int) {
        guard let to = routed.stanza.to, world.serves(to.domain) else { return }
        post(.stanza(routed), from: shard, to: index(of: to))
    }

    private mutating func notify(_ notification: Notification, from shard: Int) {
        for recipient in notification.recipients {
            if let session = recipient.session {
                deliver(notification.stanza(to: recipient), to: session, from: shard)
            } else {
                let letter = Letter.announcement(notification.for([recipient]))
                post(letter, from: shard, to: index(of: recipient.jid))
            }
        }
    }
}
