/// What a publish costs on a node that holds ten items, and on one that holds very many.
struct ItemsLoad {
    private static let few = 10
    private static let rounds = 3
    let options: Options

    func run() throws(LoadError) -> String {
        let stage = try Stage(options)
        guard case .xmpp(let service) = stage.dialect else {
            throw LoadError("nothing like it in MQTT")
        }
        let many = try options.number("items", default: 1_000_000)
        let link = try stage.logIn("host", count: 1)[0]
        let owner = service.isEmpty ? link : try stage.logIn(["owner"])[0]
        let small = try flow("few", items: Self.few, link, owner, stage)
        _ = try small.run(publishes: 10 * Self.few, patience: 60)
        let large = try flow("many", items: many, link, owner, stage)
        let started = now()
        let filled = try large.run(
            publishes: many,
            patience: try options.number("fill-seconds", default: 120)
        )
        let seconds = Double(now() - started) / 1e6
        let resident = try ProcessUsage(of: stage.process).residentKiB
        let costs = try measure(small, large, stage)
        return json([
            ("items", Double(filled)), ("filled_per_second", Double(filled) / seconds),
            ("small_cpu_us_per_publish", costs.small), ("large_cpu_us_per_publish", costs.large),
            ("ratio", costs.large / max(0.001, costs.small)),
            ("resident_mib", Double(resident) / 1_024),
        ])
    }

    /// By turns, each flow alone; the middle one of its rounds counts.
    private func measure(
        _ small: Flow,
        _ large: Flow,
        _ stage: Stage
    ) throws(LoadError) -> (small: Double, large: Double) {
        let seconds = max(1, try options.number("seconds", default: 6) / 2)
        var costs: [[Double]] = [[], []]
        for _ in 0..<Self.rounds {
            for (index, flow) in [small, large].enumerated() {
                flow.run(seconds: 1)
                let measurement = try Measurement(of: stage.process)
                let before = flow.answered
                flow.run(seconds: seconds)
                let members = try measurement.members(
                    per: "publish",
                    number: flow.answered - before
                )
                costs[index].append(members[0].1)
                flow.drain()
                try stage.checkLinks()
            }
        }
        return (costs[0].sorted()[Self.rounds / 2], costs[1].sorted()[Self.rounds / 2])
    }

    private func flow(
        _ name: String,
        items: Int,
        _ link: Link,
        _ owner: Link,
        _ stage: Stage
    ) throws(LoadError) -> Flow {
        let node = options.text("node", default: "items") + "/" + name
        let fields: [Dialect.Field] = [
            .init("persist_items", "true"), .init("max_items", String(items)),
        ]
        if let creation = stage.dialect.creation(node: node, fields: fields) {
            try stage.ask([.init(owner, [creation])])
        }
        let payload = Payload.sample(bytes: try options.number("payload", default: 300))
        let item = Payload(
            stage.dialect.publication(node: node, item: Payload.countedItem, payload: payload)
        )
        return try Flow(
            stage,
            publishers: [.init(link, [item])],
            viewers: [],
            copies: 0
        )
    }
}
