import Telemetry
import Testing
import XMPP

@testable import Modules

/// Shards, a store and sessions that come and vanish, by chance and from one seed: what was told,
/// answered and kept is right in every order in which things can happen.
@Suite(.repeating("SimulationTests")) struct SimulationTests {
    @Test(arguments: 1...30)
    func nothingIsLostWhereTheStoreTakesAll(_ seed: UInt64) throws {
        var play = SimulatedDay(seed: seed)
        try play.run(steps: 250)
        play.checkSequences()
        play.checkEnd()
        play.checkThatNothingIsLeft()
    }

    @Test(arguments: 1...30)
    func nothingIsPromisedThatTheStoreRefuses(_ seed: UInt64) throws {
        var play = SimulatedDay(seed: seed)
        play.cluster.store.refusal = 5
        try play.run(steps: 250)
        play.checkEnd()
        play.checkThatNothingIsLeft()
    }
}

/// What publishers and subscribers do, and what they find.
struct SimulatedDay {
    /// A session as its user sees it.
    struct Client {
        let id: SessionID
        let jid: JID
        /// The first number of those that are published after it knew itself to be there.
        var since: Int?
        var read = 0
        var numbers: [String: [Int]] = [:]
    }

    private static func jid(_ local: String) -> JID {
        JID(normalizedLocal: local, domain: "example.com")
    }

    private static let hosts = (0..<2).map { jid("host\($0)") }
    private static let readers = (0..<4).map { jid("reader\($0)") }
    private static let stranger = jid("stranger")
    private static let nodes = ["open", "closed"]

    var cluster: Cluster
    private var clients: [JID: Client] = [:]
    private var publishers: [JID: SessionID] = [:]
    private var published = 0
    private var asked = 0
    /// Payload, and where it goes, by the id of the request.
    private var requests: [String: (payload: String, place: String, number: Int)] = [:]
    /// Numbers that were acknowledged, by where they went.
    private var acknowledged: [String: [Int]] = [:]

    init(seed: UInt64) {
        let groups = SharedGroups([
            "hosts": .init(members: Set(Self.hosts), sees: ["readers"]),
            "readers": .init(members: Set(Self.readers)),
        ])
        let accounts = Self.hosts + Self.readers + [Self.stranger]
        cluster = Cluster(seed: seed, accounts: accounts, groups: groups)
    }

    // MARK: The day

    mutating func run(steps: Int) throws {
        try open()
        for _ in 0..<steps {
            try act()
            for _ in 0..<cluster.dice.roll(8) { _ = cluster.step() }
            if cluster.dice.happens(onceIn: 5) { cluster.pass(.milliseconds(400)) }
            readAll()
        }
        cluster.store.refusal = nil
        cluster.settle()
        cluster.pass(.seconds(120))
        cluster.settle()
        readAll()
    }

    /// The nodes are made and subscribed to before anything is refused.
    private mutating func open() throws {
        let refusal = cluster.store.refusal
        cluster.store.refusal = nil
        for host in Self.hosts {
            publishers[host] = cluster.logIn(host, "agent")
            tell(Stanza(.presence), host)
        }
        for (node, access) in [("open", "open"), ("closed", "whitelist")] {
            let form = NodesConversation.form(
                Namespace.pubsub + "#node_config",
                ["access_model": access, "max_items": "3", "publish_model": "publishers"]
            )
            let create = "<create node='\(node)'/><configure>\(form)</configure>"
            try ask(Self.hosts[0], create, of: Cluster.pubsub)
        }
        cluster.settle()
        let affiliations = [(Self.hosts[1], "publisher"), (Self.readers[0], "member")]
        for node in Self.nodes {
            let entries = affiliations.map {
                "<affiliation jid='\($0.0)' affiliation='\($0.1)'/>"
            }
            let content = "#<affiliations node='\(node)'>\(entries.joined())</affiliations>"
            try ask(Self.hosts[0], content, of: Cluster.pubsub)
        }
        cluster.settle()
        for reader in Self.readers + [Self.stranger] {
            come(reader)
            for node in Self.nodes {
                try ask(reader, "<subscribe node='\(node)' jid='\(reader)'/>", of: Cluster.pubsub)
            }
            try ask(reader, "<subscribe node='#' jid='\(reader)'/>", of: Cluster.fleet)
        }
        cluster.settle()
        readAll()
        cluster.store.refusal = refusal
    }

    private mutating func act() throws {
        let reader = cluster.dice.pick(Self.readers + [Self.stranger])
        let host = cluster.dice.pick(Self.hosts)
        switch cluster.dice.roll(10) {
        case 0, 1, 2, 3: try publish(host, cluster.dice.pick(Self.nodes), of: Cluster.pubsub)
        case 4, 5, 6:
            let node = cluster.dice.pick([MonitoringNode.meta, .events]).name
            try publish(host, node, of: host)
        case 7 where cluster.dice.happens(onceIn: 2): try remake(host)
        case 7: come(reader)
        case 8:
            guard let client = clients.removeValue(forKey: reader) else { return }
            cluster.vanish(client.id, of: reader)
        default:
            let node = cluster.dice.pick(Self.nodes)
            let id = String(cluster.dice.roll(4))
            let content = "<retract node='\(node)'><item id='\(id)'/></retract>"
            try ask(Self.hosts[0], content, of: Cluster.pubsub)
        }
    }

    /// A node that is made by its first item, and ends some time: several changes in one.
    private mutating func remake(_ host: JID) throws {
        if cluster.dice.happens(onceIn: 2) {
            try ask(host, "#<delete node='made'/>", of: Cluster.pubsub)
        } else {
            try publish(host, "made", of: Cluster.pubsub)
        }
    }

    private mutating func come(_ reader: JID) {
        guard clients[reader] == nil, let id = cluster.logIn(reader, "top\(asked)") else { return }
        guard let jid = try? JID("\(reader)/top\(asked)") else { return }
        asked += 1
        clients[reader] = Client(id: id, jid: jid)
        tell(Stanza(.presence), reader)
    }

    private mutating func publish(_ host: JID, _ node: String, of owner: JID) throws {
        let id = owner == host ? "current" : String(cluster.dice.roll(4))
        let payload = "<v xmlns='urn:v' n='\(published)'/>"
        let content = "<publish node='\(node)'><item id='\(id)'>\(payload)</item></publish>"
        requests["q\(asked)"] = (payload, "\(owner) \(node) \(host)", published)
        published += 1
        try ask(host, content, of: owner)
    }

    private mutating func ask(_ who: JID, _ content: String, of owner: JID) throws {
        let isOwners = content.hasPrefix("#")
        let namespace = isOwners ? Namespace.pubsubOwner : Namespace.pubsub
        let markup = "<pubsub xmlns='\(namespace)'>\(content.drop { $0 == "#" })</pubsub>"
        let payload = try Element(parsing: Array(markup.utf8))
        tell(Stanza(.iq, type: "set", id: "q\(asked)", to: owner, [payload]), who)
        asked += 1
    }

    private mutating func tell(_ stanza: Stanza, _ who: JID) {
        if let id = publishers[who], let jid = try? JID("\(who)/agent") {
            cluster.send(stanza, from: id, jid)
        } else if let client = clients[who] {
            cluster.send(stanza, from: client.id, client.jid)
        }
    }
}

// MARK: - What comes in

extension SimulatedDay {
    private mutating func readAll() {
        for (host, id) in publishers {
            for stanza in cluster.received[id] ?? [] { readAnswer(stanza, host) }
            cluster.received[id] = []
        }
        for (reader, client) in clients {
            for stanza in cluster.received[client.id] ?? [] { read(stanza, reader) }
            cluster.received[client.id] = []
        }
    }

    /// Nothing is acknowledged that is not kept, and nothing kept that was refused.
    private mutating func readAnswer(_ stanza: Stanza, _ host: JID) {
        guard stanza.kind == .iq, let id = stanza.id, let request = requests[id] else { return }
        requests[id] = nil
        let isKept = cluster.store.kept.contains(Array(request.payload.utf8))
        #expect(isKept == (stanza.type == "result"), "\(request)")
        if stanza.type == "result" {
            acknowledged[request.place, default: []].append(request.number)
        }
    }

    private mutating func read(_ stanza: Stanza, _ reader: JID) {
        if stanza.kind == .presence, stanza.from == clients[reader]?.jid {
            // Its account has it: from here on nothing passes it by.
            if clients[reader]?.since == nil { clients[reader]?.since = published }
        }
        guard let items = stanza.payload("event", Namespace.pubsubEvent)?.child("items") else {
            return
        }
        let node = items["node"] ?? ""
        let mayKnow = node != "closed" || reader == Self.readers[0]
        #expect(mayKnow, "\(reader) is told of \(node)")
        #expect(reader != Self.stranger || stanza.from != Cluster.fleet)
        for item in items.elements where item.name == "item" {
            guard let number = Self.number(in: item)
            else { continue }
            // What comes late is the last item, of who has come; while a refusal is on its way it
            // may be one that was refused.
            guard stanza.payload("delay", "urn:xmpp:delay") == nil else { continue }
            let payload = Array("<v xmlns='urn:v' n='\(number)'/>".utf8)
            #expect(cluster.store.kept.contains(payload), "\(number) on \(node)")
            clients[reader]?.numbers["\(stanza.from ?? reader) \(node)", default: []]
                .append(number)
        }
    }
}

extension SimulatedDay {
    /// Payloads are passed on as they came, unread.
    private static func number(in item: Element) -> Int? {
        for child in item.children {
            let payload: Element? =
                switch child {
                case .element(let element): element
                case .raw(let raw): try? raw.parsed()
                case .text: nil
                }
            if let number = payload?["n"].flatMap({ Int($0) }) { return number }
        }
        return nil
    }
}

// MARK: - What is right in the end

extension SimulatedDay {
    /// Who was there got all that was published meanwhile, in the order of each publisher.
    func checkSequences() {
        for (reader, client) in clients {
            guard let since = client.since else { continue }
            for (place, numbers) in acknowledged {
                let words = place.split(separator: " ").map(String.init)
                let isOwn = words[0] == words[2]
                let mayKnow = isOwn ? reader != Self.stranger : words[1] == "open"
                guard words[1] != "made" else { continue }
                guard mayKnow || reader == Self.readers[0] else { continue }
                let host = words[2].prefix { $0 != "@" }
                let name = isOwn ? words[1].split(separator: "#").last.map(String.init) : nil
                let key =
                    isOwn
                    ? "\(Cluster.fleet) host/\(host)/\(name ?? "")"
                    : "\(words[0]) \(words[1])"
                let ours = Set(numbers)
                let told = (client.numbers[key] ?? []).filter { ours.contains($0) && $0 >= since }
                #expect(told == numbers.filter { $0 >= since }, "\(reader) \(key) since \(since)")
            }
        }
    }

    /// Memory says what the store says, and the fleet service what the hosts say.
    func checkEnd() {
        for owner in [Cluster.pubsub] + Self.hosts {
            let memory = cluster.nodes(of: owner)
            var kept: [String: [String]] = [:]
            for record in cluster.store.records(of: owner) {
                kept[record.node] = record.items.map(\.id)
            }
            let known = memory?.nodes.mapValues { $0.items.latest($0.items.count).map(\.id) }
            #expect(known == kept)
        }
        for record in cluster.store.records(of: Cluster.pubsub) {
            #expect(record.affiliations.values.contains(.owner), "\(record.node)")
        }
        let fleet = cluster.nodes(of: Cluster.fleet)
        for host in Self.hosts {
            for node in [MonitoringNode.meta, .events] {
                let mirror = fleet?.nodes["host/\(host.local ?? "")/\(node.rawValue)"]
                let original = cluster.nodes(of: host)?.nodes[node.name]
                #expect(mirror?.items.newest?.published == original?.items.newest?.published)
            }
        }
    }

    /// When all are gone nothing is known of them.
    mutating func checkThatNothingIsLeft() {
        for reader in clients.keys.sorted(by: Cluster.areInOrder) {
            if let client = clients[reader] { cluster.vanish(client.id, of: reader) }
        }
        for host in publishers.keys.sorted(by: Cluster.areInOrder) {
            if let id = publishers[host] { cluster.vanish(id, of: host) }
        }
        cluster.settle()
        for owner in [Cluster.pubsub, Cluster.fleet] + Self.hosts + Self.readers {
            let nodes = cluster.nodes(of: owner)
            #expect(nodes?.interested.count == 0, "\(owner)")
            #expect(nodes?.bursts.isEmpty == true, "\(owner)")
            #expect(nodes?.selections.count == 0, "\(owner)")
        }
        for shard in cluster.shards { #expect(shard.counts.sessions == 0) }
    }
}
