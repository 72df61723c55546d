import Dashboard
import Telemetry
import Testing
import XMPP

/// How the fleet service is found, joined and left.
@Suite struct FleetServiceTests {
    private let web = Fixture.host("web1")

    @Test func subscribesOnceToTheWholeFleet() throws {
        var dialogue = try Dialogue()
        try dialogue.listComponents(Dialogue.service)
        try dialogue.describe(Dialogue.service, features: Dialogue.features)
        let request = try #require(dialogue.sent.last)
        #expect(request.type == "set")
        #expect(request.to == Dialogue.service)
        let pubsub = try #require(request.payload("pubsub", Namespace.pubsub))
        let subscribe = try #require(pubsub.elements.first)
        #expect(subscribe.matches("subscribe", Namespace.pubsub))
        #expect(subscribe["node"] == "#")
        #expect(subscribe["jid"] == Fixture.viewer.description)
        // XEP-0060 §6.3.7: the options follow, without node and address.
        let options = try #require(pubsub.elements.last)
        #expect(options.attributes.isEmpty)
        let form = try #require(options.elements.first.flatMap { DataForm($0) })
        #expect(form.formType == "http://jabber.org/protocol/pubsub#subscribe_options")
        #expect(form["pubsub#expire"] == ["presence"])
        #expect(dialogue.feed == nil)
        try dialogue.subscribe("subscribed")
        #expect(dialogue.feed == .service)
        dialogue.tell("fleet", [Dialogue.item(id: "web1", Dialogue.host("web1", "up"))])
        dialogue.wait()
        #expect(dialogue.feed == .service)
        let subscriptions = dialogue.sent.filter { $0.type == "set" }
        #expect(subscriptions.isEmpty)
    }

    @Test func wantsNothingOfTheAccountsBesideTheService() throws {
        var dialogue = try Dialogue()
        #expect(dialogue.announced.isEmpty)
        try dialogue.listComponents(Dialogue.service)
        #expect(dialogue.announced.isEmpty)
        try dialogue.describe(Dialogue.service, features: Dialogue.features)
        #expect(dialogue.announced == [.service])
        #expect(!Interest.service.info.features.contains { $0.hasSuffix("+notify") })
        try dialogue.subscribe("subscribed")
        #expect(dialogue.announced == [.service])
        // The presence goes first: the subscription lasts as long as it does.
        #expect(dialogue.sent.first { $0.kind == .presence || $0.type == "set" }?.kind == .presence)
    }

    @Test func asksTheComponentsOfItsOwnServerOnly() throws {
        var dialogue = try Dialogue()
        let others = try [
            "monitor.example.net", "a@x.example.org", "x.example.org/r", "example.org",
        ]
        .map { try JID($0) }
        _ = dialogue.takeSent().count
        dialogue = try Dialogue()
        try dialogue.listComponents(
            others[0],
            others[1],
            others[2],
            others[3],
            JID(normalizedLocal: nil, domain: "conference.example.org"),
            Dialogue.service
        )
        let asked = dialogue.sent.filter {
            $0.payload?.namespace == Namespace.discoInfo && $0.to != Dialogue.server
        }
        #expect(
            asked.map(\.to) == [
                Dialogue.service, JID(normalizedLocal: nil, domain: "conference.example.org"),
            ]
        )
    }

    @Test(arguments: [8, 9])
    func asksNoMoreComponentsThanServersHave(_ count: Int) throws {
        var dialogue = try Dialogue()
        let items = (0..<count).map {
            DiscoItems.Item(jid: JID(normalizedLocal: nil, domain: "c\($0).example.org"))
        }
        try dialogue.answer(Namespace.discoItems, DiscoItems(items: items).element)
        #expect(dialogue.sent.filter { $0.payload?.namespace == Namespace.discoInfo }.count == 9)
    }

    @Test func listensToTheAccountsWhereThereIsNoService() throws {
        var dialogue = try Dialogue()
        try dialogue.listComponents()
        #expect(dialogue.announced == [.accounts])
        #expect(dialogue.feed == .accounts)
    }

    @Test func listensToTheAccountsWhereTheServerListsNothing() throws {
        var dialogue = try Dialogue()
        try dialogue.answer(Namespace.discoItems, nil)
        #expect(dialogue.announced == [.accounts])
    }

    @Test(arguments: ["fleet", "wildcards"])
    func needsEveryFeatureOfTheService(_ missing: String) throws {
        var dialogue = try Dialogue()
        try dialogue.listComponents(Dialogue.service)
        let features = Dialogue.features.filter { !$0.hasSuffix("#" + missing) }
        try dialogue.describe(Dialogue.service, features: features)
        #expect(dialogue.announced == [.accounts])
        #expect(dialogue.feed == .accounts)
    }

    @Test func needsAPubsubService() throws {
        var dialogue = try Dialogue()
        try dialogue.listComponents(Dialogue.service)
        try dialogue.describe(
            Dialogue.service,
            category: "conference",
            features: Dialogue.features
        )
        #expect(dialogue.announced == [.accounts])
    }

    @Test(arguments: [nil, "pending", "none"])
    func listensToTheAccountsWhenTheServiceRefuses(_ answer: String?) throws {
        var dialogue = try Dialogue(Dialogue.contact(web))
        try dialogue.listComponents(Dialogue.service)
        try dialogue.describe(Dialogue.service, features: Dialogue.features)
        try dialogue.subscribe(answer)
        #expect(dialogue.announced == [.service, .accounts])
        #expect(dialogue.feed == .accounts)
        dialogue.tell(from: web, "urn:lapwing:1#summary", [Dialogue.item(Dialogue.sample(cpu: 5))])
        #expect(dialogue.samples == [web: 5])
    }

    @Test func listensToTheAccountsWhileTheServiceIsSilent() throws {
        var dialogue = try Dialogue(Dialogue.contact(web))
        try dialogue.listComponents(Dialogue.service)
        try dialogue.describe(Dialogue.service, features: Dialogue.features)
        try dialogue.subscribe("subscribed")
        dialogue.wait()
        #expect(dialogue.announced == [.service, .accounts])
        #expect(dialogue.feed == .accounts)
        dialogue.tell(from: web, "urn:lapwing:1#summary", [Dialogue.item(Dialogue.sample(cpu: 5))])
        #expect(dialogue.samples == [web: 5])
        dialogue.tell("fleet", [Dialogue.item(id: "web1", Dialogue.host("web1", "up"))])
        #expect(dialogue.announced == [.service, .accounts, .service])
        #expect(dialogue.feed == .service)
        #expect(dialogue.presences == [web: .available])
        let logs = dialogue.sent.filter { $0.payload?.elements.first?["node"] == "events" }
        #expect(logs.count == 1)
    }

    @Test func takesWhatComesBeforeTheAnswer() throws {
        var dialogue = try Dialogue()
        try dialogue.listComponents(Dialogue.service)
        try dialogue.describe(Dialogue.service, features: Dialogue.features)
        dialogue.tell("fleet", [Dialogue.item(id: "web1", Dialogue.host("web1", "up"))])
        #expect(dialogue.presences == [web: .available])
        try dialogue.subscribe("subscribed")
        dialogue.wait()
        #expect(dialogue.announced == [.service])
    }

    @Test func waitsForAnAnswerOnlySoLong() throws {
        var dialogue = try Dialogue()
        dialogue.wait(in: dialogue.inbox.session - 1)
        #expect(dialogue.announced.isEmpty)
        dialogue.wait()
        #expect(dialogue.announced == [.accounts])
        #expect(dialogue.feed == .accounts)
    }

    @Test func joinsAServiceThatAnswersLate() throws {
        var dialogue = try Dialogue()
        try dialogue.listComponents(Dialogue.service)
        dialogue.wait()
        try dialogue.describe(Dialogue.service, features: Dialogue.features)
        dialogue.wait()
        try dialogue.subscribe("subscribed")
        #expect(dialogue.announced == [.accounts])
        #expect(dialogue.feed == .accounts)
        dialogue.tell("fleet", [Dialogue.item(id: "web1", Dialogue.host("web1", "up"))])
        #expect(dialogue.announced == [.accounts, .service])
        #expect(dialogue.feed == .service)
    }

    @Test func asksOnceForTheLogOfAllHosts() throws {
        var dialogue = try Dialogue()
        try dialogue.listComponents(Dialogue.service)
        try dialogue.describe(Dialogue.service, features: Dialogue.features)
        try dialogue.subscribe("subscribed")
        let items = try #require(dialogue.sent.last?.payload?.elements.first)
        #expect(items["node"] == "events")
        #expect(items["max_items"] == "100")
        var answer = Element("items", Namespace.pubsub)
        answer["node"] = "events"
        for (id, host) in [("r1-1", "web1"), ("db1/r1-2", "db1")] {
            answer.append(
                Dialogue.item(
                    id: id,
                    publisher: "\(host)@example.org",
                    namespace: Namespace.pubsub,
                    Dialogue.event("\(host) is up", seq: 1)
                )
            )
        }
        try dialogue.answer(
            Namespace.pubsub,
            to: Dialogue.service,
            Element("pubsub", Namespace.pubsub, [answer])
        )
        var logged: [String] = []
        for case .report(let report) in dialogue.messages {
            logged.append("\(report.host) \(report.node) \(report.item ?? "")")
        }
        #expect(logged == ["web1@example.org events r1-1", "db1@example.org events r1-2"])
    }

    @Test func asksNoHostForItsLogBesideTheService() throws {
        var dialogue = try Dialogue.joined(Dialogue.contact(web))
        dialogue.receive(
            Stanza(
                .presence,
                from: JID(normalizedLocal: "web1", domain: "example.org", resource: "agent")
            )
        )
        #expect(dialogue.sent.isEmpty)
        var subscription = Element("subscription", Namespace.pubsubEvent)
        subscription["node"] = "#"
        subscription["subscription"] = "none"
        dialogue.tell([subscription])
        #expect(dialogue.sent.map(\.to) == [nil, web])
    }

    @Test func answersWhatEitherOfItsCapabilitiesStandsFor() throws {
        var dialogue = try Dialogue.joined(Dialogue.contact(web))
        for interest in Interest.allCases {
            let node = try #require(interest.capabilities?.discoNode)
            let request = Stanza(
                .iq,
                type: "get",
                id: "x",
                from: web,
                to: Fixture.viewer,
                [DiscoInfo.request(node: node)]
            )
            dialogue.receive(request)
            let reply = try #require(dialogue.takeSent().last)
            let info = try #require(reply.payload.flatMap { DiscoInfo($0) })
            #expect(interest.capabilities?.confirms(info) == true)
        }
    }

    @Test func beginsAnewWithEveryStream() throws {
        var dialogue = try Dialogue.joined()
        dialogue.tell("fleet", [Dialogue.item(id: "web1", Dialogue.host("web1", "up"))])
        dialogue.inbox.offline()
        let sent = dialogue.inbox.online(Fixture.viewer)
        #expect(sent.count == 3)
        #expect(sent.allSatisfy { $0.kind == .iq })
        _ = dialogue.takeMessages()
        dialogue.tell("fleet", [Dialogue.item(id: "web1", Dialogue.host("web1", "up"))])
        #expect(dialogue.messages.isEmpty)
    }
}
