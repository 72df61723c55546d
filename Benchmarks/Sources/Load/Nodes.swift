/// Which nodes a publisher has, how they are configured and what is published to them.
struct Nodes {
    /// Groups of the agents' nodes: what a fleet service mirrors has one of these names.
    private static let groups = [
        "cpu", "memory", "pressure", "disk", "filesystem", "network", "process", "sensor",
        "service", "check",
    ]
    private let count: Int
    private let name: String
    /// Whether the nodes are those of agents.
    private let isAgents: Bool
    private let payload: String
    let fields: [Dialect.Field]

    /// `last` says when the last item is sent; agents leave that to the server.
    init(
        _ options: Options,
        _ dialect: Dialect,
        last: String = "never"
    ) throws(LoadError) {
        count = try options.number("nodes", default: 1)
        payload = Payload.sample(bytes: try options.number("payload", default: 300))
        name = options.text("node", default: "load")
        isAgents = options.text("groups", default: "no") == "yes"
        var fields: [Dialect.Field] = []
        let items = try options.number("items", default: 0)
        fields.append(.init("persist_items", items > 0 ? "true" : "false"))
        if items > 0 { fields.append(.init("max_items", String(items))) }
        if !isAgents { fields.append(.init("send_last_published_item", last)) }
        self.fields = fields
    }

    func names(of publisher: Int) -> [String] {
        (0..<count).map { index in
            if isAgents { return "urn:lapwing:1#\(Self.groups[index % Self.groups.count])" }
            return count == 1 && publisher == 0 ? name : "\(name)/host\(publisher)/n\(index)"
        }
    }

    /// One publish to each node.
    func publications(of publisher: Int, _ dialect: Dialect) -> [[UInt8]] {
        names(of: publisher).map { node in
            dialect.publication(node: node, item: "current", payload: payload)
        }
    }

    /// One item a node; where history is kept each has an id of its own.
    func items(of publisher: Int, _ dialect: Dialect) -> [Payload] {
        let keeps = fields.contains { $0.name == "pubsub#max_items" && $0.value != "1" }
        let item = keeps ? Payload.countedItem : "current"
        return names(of: publisher).map { node in
            Payload(dialect.publication(node: node, item: item, payload: payload))
        }
    }
}

extension Stage {
    /// Has the nodes made: by their publishers on their accounts, by an owner on a service.
    func create(_ nodes: Nodes, of publishers: [Link]) throws(LoadError) {
        guard case .xmpp(let service) = dialect else { return }
        let creation = { (node: String) in
            self.dialect.creation(node: node, fields: nodes.fields) ?? []
        }
        if service.isEmpty {
            announce(publishers, priority: -1)
            let all = publishers.enumerated().map { index, link in
                Requests(link, nodes.names(of: index).map(creation))
            }
            try ask(all)
        } else {
            let owner = try logIn(["owner"])[0]
            let all = publishers.indices.flatMap { nodes.names(of: $0).map(creation) }
            try ask([.init(owner, all)])
        }
    }
}

/// Subscription filters for a sample as `Payload` makes it.
enum Filters {
    /// One that matches, another for each number.
    static func matching(_ number: Int) -> String {
        "level = ok and cpu.user < \(50 + number)"
    }

    /// One that never matches: equalities, thresholds and both.
    static func passing(_ number: Int) -> String {
        switch number % 4 {
        case 0: "host = \"web-\(number)\""
        case 1: "cpu.user > \(20 + number)"
        case 2: "level >= warning and cpu.user > \(number)"
        default: "host = \"web-\(number)\" and cpu.m0 >= \(number)"
        }
    }
}
