import Modules
import XMPP

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
    private var counter: UInt64 = 0
    var now = Instant(milliseconds: 1_000_000)

    static let modules: [any Module.Type] = [
        RosterModule.self, PEPModule.self, DiscoModule.self, PingModule.self, VersionModule.self,
        CommandsModule.self, PubSubModule.self,
    ]

    init(_ accounts: [String], groups: SharedGroups = SharedGroups()) {
        let world = World(
            domain: JID(normalizedLocal: nil, domain: "example.com"),
            modules: ModuleTable(Self.modules),
            groups: groups,
            software: .init(name: "Lapwing", version: "test")
        )
        shard = AccountShard(accounts.map { Account(jid: Self.jid($0)) }, world: world)
    }

    static func jid(_ local: String) -> JID {
        JID(normalizedLocal: local, domain: "example.com")
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

    mutating func replaceGroups(with groups: SharedGroups) {
        shard.replaceGroups(with: groups)
        carryOut(shard.followGroups())
    }

    mutating func remove(_ account: String) {
        carryOut(shard.remove(Self.jid(account)))
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
            case .notify(let notification):
                for recipient in notification.recipients {
                    guard let session = recipient.session else { continue }
                    received[session, default: []].append(notification.stanza(to: recipient))
                }
            case .relate(let routed, let account): route(shard.relate(routed, to: account))
            case .load, .farewell, .wake: break
            case .end(let session, let error): ended[session] = error
            }
        }
    }

    private mutating func route(_ routed: Routed) {
        guard routed.stanza.to?.domain == "example.com" else {
            sentAway.append(routed.stanza)
            return
        }
        carryOut(shard.receive(routed, at: now))
    }
}
