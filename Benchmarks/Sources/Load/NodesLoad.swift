/// What nodes take of the server's memory when nothing happens to them.
struct NodesLoad {
    /// What the first nodes make the server set up is not theirs.
    private static let warmUp = 200
    let options: Options

    func run() throws(LoadError) -> String {
        let stage = try Stage(options)
        let count = try options.number("nodes", default: 10_000)
        let link = try stage.logIn([stage.dialect.isMQTT ? "host0" : "owner"])[0]
        let payload = Payload.sample(bytes: try options.number("payload", default: 300))
        let name = options.text("node", default: "idle")
        try make(0..<Self.warmUp, name + "/warm", nil, link, stage)
        try make(0..<Self.warmUp, name + "/warm", payload, link, stage)
        let before = try resident(stage)
        let nodes = try make(0..<count, name, nil, link, stage)
        let items = try make(0..<count, name, payload, link, stage)
        return json([
            ("kib_per_node", Double(nodes - before) / Double(count)),
            ("kib_per_node_with_item", Double(items - before) / Double(count)),
            ("resident_before_mib", Double(before) / 1_024),
        ])
    }

    /// Makes nodes, with an item in each when there is a payload.
    ///
    /// - Returns: The server's resident memory afterwards.
    @discardableResult
    private func make(
        _ numbers: Range<Int>,
        _ name: String,
        _ payload: String?,
        _ link: Link,
        _ stage: Stage
    ) throws(LoadError) -> Int {
        let nodes = numbers.map { "\(name)/n\($0)" }
        if let payload {
            let items = nodes.map { node in
                stage.dialect.publication(node: node, item: "current", payload: payload)
            }
            if stage.dialect.acknowledges {
                try stage.ask([.init(link, items)])
            } else {
                for item in items { link.send(item) }
                stage.loop.flush(link)
            }
        } else {
            let fields: [Dialect.Field] = [.init("max_items", "1")]
            let creations = nodes.compactMap { node in
                stage.dialect.creation(node: node, fields: fields)
            }
            try stage.ask([.init(link, creations)])
        }
        return try resident(stage)
    }

    private func resident(_ stage: Stage) throws(LoadError) -> Int {
        stage.loop.settle(seconds: 3)
        return try ProcessUsage(of: stage.process).residentKiB
    }
}
