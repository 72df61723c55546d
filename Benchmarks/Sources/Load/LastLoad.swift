/// Viewers that come at once and want the last item of every node.
struct LastLoad {
    let options: Options

    func run() throws(LoadError) -> String {
        let stage = try Stage(options)
        let nodes = try Nodes(options, stage.dialect, last: "on_sub_and_presence")
        let publishers = try stage.logIn(
            "host",
            count: try options.number("publishers", default: 1)
        )
        try stage.create(nodes, of: publishers)
        try publishOnce(nodes, publishers, stage)
        let viewers = try stage.logIn("viewer", count: try options.number("viewers", default: 20))
        let names = publishers.indices.flatMap(nodes.names)
        return try measure(viewers, names, stage)
    }

    private func publishOnce(
        _ nodes: Nodes,
        _ publishers: [Link],
        _ stage: Stage
    ) throws(LoadError) {
        let all = publishers.enumerated().map { index, link in
            Stage.Requests(link, nodes.publications(of: index, stage.dialect))
        }
        guard !stage.dialect.acknowledges else { return try stage.ask(all) }
        for requests in all {
            for text in requests.texts { requests.link.send(text) }
            stage.loop.flush(requests.link)
        }
        stage.loop.settle(seconds: 2)
    }

    private func measure(
        _ viewers: [Link],
        _ names: [String],
        _ stage: Stage
    ) throws(LoadError) -> String {
        let way = options.text("by", default: "subscribing")
        if way == "presence" {
            try stage.ask(subscriptions(viewers, names, stage))
            stage.loop.settle(seconds: 2)
        } else {
            stage.announce(viewers)
        }
        let texts = way == "presence" ? [] : try requests(way, viewers, names, stage)
        let before = viewers.map(\.tally.messages)
        for viewer in viewers { viewer.tally.watch = [.messages, .errors] }
        let measurement = try Measurement(of: stage.process)
        for (index, viewer) in viewers.enumerated() {
            if way == "presence" { viewer.send("<presence/>") }
            for text in texts.isEmpty ? [] : texts[index].texts { viewer.send(text) }
            stage.loop.flush(viewer)
        }
        // Where the service learns of a presence only when it is told.
        if options.text("directed", default: "no") == "yes" {
            for viewer in viewers {
                viewer.send("<presence to='\(options.text("service", default: ""))'/>")
                stage.loop.flush(viewer)
            }
        }
        let patience = try options.number("patience", default: 60)
        let end = measurement.started + patience * 1_000_000
        var came = 0
        var slowest = 0
        repeat {
            stage.loop.turn(milliseconds: 100)
            let counts = zip(viewers, before).map { $0.tally.messages - $1 }
            came = counts.reduce(0, +)
            slowest = counts.min() ?? 0
            try stage.checkLinks()
        } while slowest < names.count && now() < end
        let milliseconds = measurement.seconds * 1_000
        var members = try measurement.members(per: "notification", number: came)
        members += [
            ("slowest_ms", milliseconds), ("complete", slowest >= names.count ? 1 : 0),
            ("items", Double(came)),
        ]
        return json(members)
    }

    private func requests(
        _ way: String,
        _ viewers: [Link],
        _ names: [String],
        _ stage: Stage
    ) throws(LoadError) -> [Stage.Requests] {
        guard way == "pattern" else { return subscriptions(viewers, names, stage) }
        var dialect = stage.dialect
        if !dialect.isMQTT { dialect = .xmpp(service: try options.text("pattern-service")) }
        let pattern = options.text("pattern", default: "#")
        return viewers.map { link in
            Stage.Requests(link, [dialect.subscription(node: pattern, jid: link.account)])
        }
    }

    private func subscriptions(
        _ viewers: [Link],
        _ names: [String],
        _ stage: Stage
    ) -> [Stage.Requests] {
        viewers.map { link in
            Stage.Requests(
                link,
                names.map { stage.dialect.subscription(node: $0, jid: link.account) }
            )
        }
    }
}
