import Dashboard
import Telemetry
import Testing
import XMPP

/// How the past is asked for and what comes of it.
@Suite struct ArchiveTests {
    private let web = Fixture.host("web1")
    private let start = Fixture.start + .seconds(-3600)

    private func request(_ name: String = "web1", _ node: MonitoringNode = .cpu) -> HistoryRequest {
        HistoryRequest(host: Fixture.host(name), node: node, start: start)
    }

    private func queries(_ dialogue: Dialogue) -> [Stanza] {
        dialogue.sent.filter { $0.payload?.namespace == ArchiveQuery.namespace }
    }

    @Test func asksTheServiceForTheLastHourInMinutes() throws {
        var dialogue = try Dialogue.joined()
        dialogue.want(request())
        let stanza = try #require(dialogue.sent.first)
        #expect(dialogue.sent.count == 1)
        #expect(stanza.type == "set")
        #expect(stanza.to == Dialogue.service)
        let query = try ArchiveQuery(#require(stanza.payload))
        #expect(query.node == "host/web1/cpu")
        #expect(query.start == start)
        #expect(query.resolution == .minute)
        #expect(query.page.max == 100)
        #expect(query.queryID != nil)
    }

    @Test func tellsWhatTheServiceAnswered() throws {
        var dialogue = try Dialogue.joined()
        dialogue.want(request())
        let query = try #require(queries(dialogue).first)
        dialogue.answer(query, minutes: 3)
        guard case .history(web, .cpu, let aggregates) = dialogue.messages.first else {
            Issue.record("\(dialogue.messages)")
            return
        }
        #expect(aggregates.map { $0["used"]?.max } == [0, 1, 2])
        #expect(dialogue.messages.count == 1)
    }

    @Test func takesResultsOnlyOfWhomItAsked() throws {
        var dialogue = try Dialogue.joined(Dialogue.contact(web))
        dialogue.want(request())
        let query = try #require(queries(dialogue).first)
        for from in [web, Dialogue.server, try JID("mallory@example.net")] {
            dialogue.tellPast(of: query, from: from, minute: 0)
        }
        dialogue.tellPast(of: query, node: "host/db1/cpu", minute: 1)
        dialogue.tellPast(of: query, queryID: "other", minute: 2)
        dialogue.finish(query)
        #expect(dialogue.messages.isEmpty)
    }

    @Test(arguments: [100, 101])
    func takesNoMoreEntriesThanItAskedFor(_ count: Int) throws {
        var dialogue = try Dialogue.joined()
        dialogue.want(request())
        dialogue.answer(try #require(queries(dialogue).first), minutes: count)
        guard case .history(_, _, let aggregates) = dialogue.messages.first else {
            Issue.record("nothing came")
            return
        }
        #expect(aggregates.count == 100)
    }

    @Test func asksFourAtATimeAndTheLastWantedFirst() throws {
        var dialogue = try Dialogue.joined()
        dialogue.want((0..<6).map { request("h\($0)") })
        let first = queries(dialogue)
        #expect(first.compactMap { $0.payload?["node"] } == (0..<4).map { "host/h\($0)/cpu" })
        dialogue.want([request("web1")])
        #expect(queries(dialogue).count == 4)
        dialogue.finish(first[2])
        #expect(queries(dialogue).last?.payload?["node"] == "host/web1/cpu")
        dialogue.refuse(first[0])
        #expect(queries(dialogue).last?.payload?["node"] == "host/h4/cpu")
        #expect(queries(dialogue).count == 6)
    }

    @Test(arguments: [256, 257])
    func keepsNoMoreWaitingThanScreensHaveRows(_ count: Int) throws {
        var dialogue = try Dialogue.joined()
        dialogue.want((0..<count).map { request("h\($0)") })
        var asked = 0
        while let query = queries(dialogue).dropFirst(asked).first {
            asked += 1
            dialogue.finish(query)
        }
        // All at once: what waits is counted before the first is asked.
        #expect(asked == 256)
    }

    @Test func asksNothingOfAServiceWithoutHistory() throws {
        var dialogue = try Dialogue.joined(
            Dialogue.contact(web),
            features: Dialogue.features.dropLast()
        )
        dialogue.want(request())
        #expect(dialogue.sent.isEmpty)
    }

    @Test func waitsUntilItIsKnownWhomToAsk() throws {
        var dialogue = try Dialogue()
        try dialogue.listComponents(Dialogue.service)
        dialogue.want(request())
        try dialogue.describe(Dialogue.service, features: Dialogue.features)
        #expect(queries(dialogue).isEmpty)
        try dialogue.subscribe("subscribed")
        #expect(queries(dialogue).isEmpty)
        dialogue.tell("fleet", [Dialogue.item(id: "web1", Dialogue.host("web1", "up"))])
        #expect(queries(dialogue).first?.to == Dialogue.service)
    }

    @Test func asksTheAccountWhereTheServerKeepsThePast() throws {
        var dialogue = try Dialogue(Dialogue.contact(web))
        try dialogue.listComponents()
        try dialogue.describe(Dialogue.server, features: ["urn:lapwing:1#history"])
        dialogue.want(request())
        let query = try #require(queries(dialogue).first)
        #expect(query.to == web)
        #expect(query.payload?["node"] == "urn:lapwing:1#cpu")
        dialogue.answer(query, from: web, minutes: 2)
        guard case .history(web, .cpu, let aggregates) = dialogue.messages.last else {
            Issue.record("\(dialogue.messages)")
            return
        }
        #expect(aggregates.count == 2)
    }

    @Test func asksTheAccountFirstWhetherItKeepsThePast() throws {
        var dialogue = try Dialogue(Dialogue.contact(web), Dialogue.contact(Fixture.host("db1")))
        try dialogue.listComponents()
        try dialogue.describe(Dialogue.server, features: [])
        _ = dialogue.takeSent()
        dialogue.want(request("web1", .cpu), request("web1", .memory), request("db1"))
        #expect(dialogue.sent.count == 2)
        try dialogue.describe(web, features: ["urn:lapwing:1#history"])
        try dialogue.describe(Fixture.host("db1"), features: ["http://jabber.org/protocol/pubsub"])
        #expect(
            queries(dialogue).compactMap { $0.payload?["node"] } == [
                "urn:lapwing:1#cpu", "urn:lapwing:1#memory",
            ]
        )
        #expect(dialogue.sent.count == 2)
        dialogue.want(request("db1", .memory))
        #expect(dialogue.sent.count == 2)
    }

    @Test func asksNothingOfStrangers() throws {
        var dialogue = try Dialogue()
        try dialogue.listComponents()
        _ = dialogue.takeSent()
        dialogue.want(request())
        #expect(dialogue.sent.isEmpty)
    }
}

/// What the model asks of the past, and what it shows of it.
@Suite struct RecollectionTests {
    private let web = Fixture.host("web1")

    private func model(_ feed: Feed = .service, _ columns: Int = 120) -> Model {
        var model = Fixture.threeHosts(columns)
        _ = model.update(.feed(feed))
        return model
    }

    private func asked(_ commands: [Command]) -> [HistoryRequest] {
        commands.flatMap { command -> [HistoryRequest] in
            if case .ask(let requests) = command { requests } else { [] }
        }
    }

    private func aggregate(_ minute: Int, _ name: String, _ highest: Double) -> Aggregate {
        let from = Fixture.start + .seconds(minute * 60)
        let value = AggregateValue(
            name,
            min: 0,
            mean: highest / 2,
            max: highest,
            last: 0,
            count: 60,
            known: .seconds(60)
        )
        return Aggregate(from: from, to: from + .seconds(60), count: 60, values: [value])
    }

    private func graph(_ model: Model, _ metric: Metric, from minute: Int, to last: Int)
        -> [Double?]
    {
        model.fleet.hosts[web]?.history(metric).values(
            in: .init(
                count: last - minute + 1,
                step: .seconds(60),
                end: Fixture.start + .seconds(last * 60),
                hold: .zero
            )
        ) ?? []
    }

    @Test func asksOnceForTheHourOfTheRowsThatAreShown() {
        var model = model()
        let requests = asked(model.update(.tick(Fixture.after(1))))
        #expect(requests.map(\.host.local) == ["mail", "db1", "web1"])
        #expect(requests.allSatisfy { $0.node == .summary })
        #expect(requests.first?.start == Fixture.after(1 - 3600))
        #expect(asked(model.update(.tick(Fixture.after(60)))).isEmpty)
    }

    @Test func asksForNoRowWhoseGraphIsNotShown() {
        var model = model(.service, 60)
        #expect(asked(model.update(.tick(Fixture.after(1)))).isEmpty)
    }

    @Test func asksForTheGroupsOfAnOpenedHost() {
        var model = model(.accounts)
        #expect(asked(model.update(.tick(Fixture.after(1)))).isEmpty)
        let sample = Sample(at: Fixture.start, seq: 1, run: "r1", values: [.init("used", 5)])
        _ = model.update(Fixture.report(web, .cpu, .sample(sample)))
        model.press(.end)
        let requests = asked(model.press(.enter))
        #expect(requests.map(\.node) == [.cpu, .summary])
        #expect(requests.allSatisfy { $0.host == web })
        #expect(asked(model.press(.escape, .enter)).isEmpty)
        _ = model.update(Fixture.report(web, .memory, .sample(sample)))
        #expect(asked(model.update(.tick(Fixture.after(2)))).map(\.node) == [.memory])
    }

    @Test func asksAgainAfterAnotherLogIn() {
        var model = model()
        _ = model.update(.tick(Fixture.after(1)))
        _ = model.update(.connection(.offline(reason: "lost", retryAt: nil)))
        #expect(asked(model.update(.tick(Fixture.after(3)))).isEmpty)
        _ = model.update(.connection(.online(Fixture.viewer)))
        #expect(asked(model.update(.tick(Fixture.after(5)))).isEmpty)
        _ = model.update(.feed(.service))
        #expect(asked(model.update(.tick(Fixture.after(7)))).count == 3)
    }

    @Test func looksOnceASecondAtMost() {
        var model = model()
        _ = model.update(.tick(Fixture.after(1)))
        _ = model.update(.presence(Fixture.host("late"), .available))
        let summary = Fixture.summary(cpu: 1)
        _ = model.update(Fixture.report(Fixture.host("late"), .summary, .sample(summary)))
        #expect(asked(model.update(.tick(Fixture.after(1.9)))).isEmpty)
        #expect(asked(model.update(.tick(Fixture.after(2)))).map(\.host.local) == ["late"])
    }

    @Test func putsThePastBeforeTheLiveValues() {
        var model = model()
        _ = model.update(.tick(Fixture.start + .seconds(600)))
        _ = model.update(
            Fixture.report(web, .summary, .sample(Fixture.summary(cpu: 50, seq: 2)))
        )
        let past = (5...12).map { aggregate($0, "cpu", Double($0)) }
        _ = model.update(.history(web, .summary, past))
        // The highest, and nothing of what lies ahead.
        #expect(graph(model, .processor, from: 5, to: 12) == [5, 6, 7, 8, 9, 50, nil, nil])
        #expect(model.fleet.hosts[web]?.values[.processor] == 50)
    }

    @Test func prefersThePastOfAGroupToThatOfTheSummary() {
        var model = model()
        let sample = Sample(at: Fixture.start, seq: 1, run: "r1", values: [.init("used", 5)])
        _ = model.update(.tick(Fixture.start + .seconds(600)))
        _ = model.update(Fixture.report(web, .cpu, .sample(sample)))
        _ = model.update(.history(web, .summary, [aggregate(5, "cpu", 99)]))
        _ = model.update(.history(web, .cpu, [aggregate(5, "used", 33)]))
        #expect(graph(model, .processor, from: 5, to: 5) == [33])
    }

    @Test func takesThePastOfNoHostThatItDoesNotKnow() {
        var model = Fixture.model()
        _ = model.update(.history(web, .cpu, [aggregate(-5, "used", 33)]))
        #expect(model.fleet.hosts.isEmpty)
    }

    @Test func waitsAnewForPresenceWhenItIsKnownWhoTells() {
        var model = Fixture.model()
        _ = model.update(.listed(web))
        _ = model.update(.tick(Fixture.after(2.5)))
        _ = model.update(.feed(.accounts))
        _ = model.update(.tick(Fixture.after(5)))
        #expect(model.fleet.hosts[web]?.state(at: model.now, isOnline: true) == .unknown)
        _ = model.update(.tick(Fixture.after(6)))
        #expect(model.fleet.hosts[web]?.state(at: model.now, isOnline: true) == .down)
    }
}

extension Dialogue {
    mutating func want(_ requests: HistoryRequest...) { want(requests) }

    /// Answers a query with so many minutes before the start of the tests, and ends it.
    fileprivate mutating func answer(_ query: Stanza, from: JID = service, minutes: Int) {
        for minute in 0..<minutes { tellPast(of: query, from: from, minute: minute) }
        finish(query)
    }

    /// One entry that answers a query.
    fileprivate mutating func tellPast(
        of query: Stanza,
        from: JID = service,
        node: String? = nil,
        queryID: String? = nil,
        minute: Int
    ) {
        let start = Fixture.start + .seconds(minute * 60 - 6000)
        let value = AggregateValue(
            "used",
            min: 0,
            mean: 0,
            max: Double(minute),
            last: 0,
            count: 60,
            known: .seconds(60)
        )
        let aggregate = Aggregate(from: start, to: start + .seconds(60), count: 60, values: [value])
        var item = Element("item", Namespace.pubsubEvent)
        item["id"] = "m\(minute)"
        item.children = [.raw(aggregate.raw)]
        var items = Element("items", Namespace.pubsubEvent, [item])
        items["node"] = node ?? query.payload?["node"]
        let result = ArchiveResult(
            queryID: queryID ?? query.payload?["queryid"],
            id: "m\(minute)",
            stamp: start + .seconds(60),
            event: Element("event", Namespace.pubsubEvent, [items])
        )
        receive(Stanza(.message, from: from, to: Fixture.viewer, [result.element]))
    }

    fileprivate mutating func finish(_ query: Stanza) {
        var reply = query.result(ArchiveEnd(isComplete: true, page: ResultSetAnswer()).element)
        reply.to = Fixture.viewer
        receive(reply)
    }

    fileprivate mutating func refuse(_ query: Stanza) {
        receive(query.failure(StanzaError(.forbidden)))
    }
}
