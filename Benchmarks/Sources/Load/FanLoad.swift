/// Publishers, their nodes and viewers of all of them: fan-out, fan-in, a fleet, filters, storage.
struct FanLoad {
    let options: Options

    func run() throws(LoadError) -> String {
        let stage = try Stage(options)
        let nodes = try Nodes(options, stage.dialect)
        let publishers = try stage.logIn(
            options.text("users", default: "host"),
            count: try options.number("publishers", default: 1)
        )
        try stage.create(nodes, of: publishers)
        let viewers = try stage.logIn(
            "viewer",
            count: try options.number("viewers", default: 100)
        )
        stage.announce(viewers)
        try subscribe(viewers, to: nodes, publishers.count, stage)
        let residentBefore = try ProcessUsage(of: stage.process).residentKiB
        let flow = try Flow(
            stage,
            publishers: publishers.enumerated().map { index, link in
                .init(link, nodes.items(of: index, stage.dialect))
            },
            viewers: viewers,
            copies: viewers.count
        )
        return try measure(flow, stage, residentBefore)
    }

    /// Each viewer to each node, to one pattern, or with filters of which one matches.
    private func subscribe(
        _ viewers: [Link],
        to nodes: Nodes,
        _ publishers: Int,
        _ stage: Stage
    ) throws(LoadError) {
        let usesFullJID = options.text("jid", default: "bare") == "full"
        let names = (0..<publishers).flatMap(nodes.names)
        let filters = try options.number("filters", default: 0) / max(1, viewers.count)
        let pattern = options.text("pattern", default: "")
        var dialect = stage.dialect
        if !pattern.isEmpty, !dialect.isMQTT {
            dialect = .xmpp(service: try options.text("pattern-service"))
        }
        let all = viewers.enumerated().map { index, link in
            let jid = usesFullJID ? link.jid : link.account
            if !pattern.isEmpty {
                return Stage.Requests(link, [dialect.subscription(node: pattern, jid: jid)])
            }
            if filters > 0 {
                let texts = Filters.of(viewer: index, count: filters).map { filter in
                    dialect.subscription(node: names[0], jid: jid, filter: filter)
                }
                return Stage.Requests(link, texts)
            }
            return Stage.Requests(link, names.map { dialect.subscription(node: $0, jid: jid) })
        }
        try stage.ask(all)
    }

    private func measure(
        _ flow: Flow,
        _ stage: Stage,
        _ residentBefore: Int
    ) throws(LoadError) -> String {
        let delays = Delays()
        if options.text("delays", default: "no") == "yes" {
            for viewer in flow.viewers {
                viewer.delays = delays
                viewer.tally.watch.insert(.times)
            }
        }
        flow.run(seconds: try options.number("warm-up", default: 2))
        try stage.checkLinks()
        let measurement = try Measurement(of: stage.process)
        let published = flow.published
        let answered = flow.answered
        let delivered = flow.delivered
        let missing = flow.missing
        delays.isRecording = true
        flow.run(seconds: try options.number("seconds", default: 8))
        let seconds = measurement.seconds
        let notified = flow.delivered - delivered
        let sent = (stage.dialect.acknowledges ? flow.answered - answered : 0)
        let publishes = sent > 0 ? sent : flow.published - published
        var members = try measurement.members(
            per: "notification",
            number: notified
        )
        try stage.checkLinks()
        if flow.copies > 0, notified == 0 { throw LoadError("no notification came") }
        let cpu = members[0].1 * Double(max(1, notified))
        members += [
            ("cpu_us_per_publish", cpu / Double(max(1, publishes))),
            ("publishes_per_second", Double(publishes) / seconds),
            ("missing", Double(flow.missing - missing)),
            ("resident_before_mib", Double(residentBefore) / 1_024),
        ]
        if delays.count > 0 {
            members += [
                ("p50_ms", delays.quantile(0.5)), ("p99_ms", delays.quantile(0.99)),
                ("max_ms", delays.quantile(1)), ("delays", Double(delays.count)),
            ]
        }
        return json(members)
    }
}
