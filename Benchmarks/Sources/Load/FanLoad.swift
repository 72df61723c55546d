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
        // Accounts whose filters never match: one alone may not have so many subscriptions.
        let others = try stage.logIn("other", count: try options.number("others", default: 0))
        try filterOut(others, from: nodes, stage)
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

    /// Each viewer to each node, to one pattern, or with a filter that matches.
    private func subscribe(
        _ viewers: [Link],
        to nodes: Nodes,
        _ publishers: Int,
        _ stage: Stage
    ) throws(LoadError) {
        let usesFullJID = options.text("jid", default: "bare") == "full"
        let names = (0..<publishers).flatMap(nodes.names)
        let filters = try options.number("filters", default: 0)
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
                let filter = Filters.matching(index)
                return Stage.Requests(
                    link,
                    [dialect.subscription(node: names[0], jid: jid, filter: filter)]
                )
            }
            return Stage.Requests(link, names.map { dialect.subscription(node: $0, jid: jid) })
        }
        try stage.ask(all)
    }

    /// The rest of the filters, evenly on these accounts.
    private func filterOut(
        _ others: [Link],
        from nodes: Nodes,
        _ stage: Stage
    ) throws(LoadError) {
        guard !others.isEmpty else { return }
        let each = try options.number("filters", default: 0) / others.count
        let all = others.enumerated().map { index, link in
            let texts = (0..<each).map { number in
                stage.dialect.subscription(
                    node: nodes.names(of: 0)[0],
                    jid: link.account,
                    filter: Filters.passing(index * each + number)
                )
            }
            return Stage.Requests(link, texts)
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
