import Dashboard
import Telemetry
import Testing
import XMPP

/// What the service tells of hosts.
@Suite struct FleetDirectoryTests {
    private let web = Fixture.host("web1")
    private let agent = JID(normalizedLocal: "web1", domain: "example.org", resource: "agent")

    @Test func readsAMirrorAsTheHostsOwnNode() throws {
        var dialogue = try Dialogue.joined()
        dialogue.tell(
            "host/web1/summary",
            [Dialogue.item(publisher: "web1@example.org", Dialogue.sample(cpu: 12.5))]
        )
        guard case .listed(web) = dialogue.messages.first,
            case .report(let report) = dialogue.messages.last
        else {
            Issue.record("\(dialogue.messages)")
            return
        }
        #expect(report.host == web)
        #expect(report.node == .summary)
        #expect(dialogue.samples == [web: 12.5])
    }

    @Test func takesTheHostFromThePublisherElseFromTheNode() throws {
        let elsewhere = try JID("web1@hosts.example.org")
        for (publisher, host) in [
            ("web1@hosts.example.org", elsewhere), ("web1@hosts.example.org/agent", elsewhere),
            ("", web), ("example.org", web), (nil, web),
        ] as [(String?, JID)] {
            var dialogue = try Dialogue.joined()
            dialogue.tell(
                "host/web1/summary",
                [Dialogue.item(publisher: publisher, Dialogue.sample(cpu: 1))]
            )
            #expect(dialogue.samples == [host: 1], "\(publisher ?? "none")")
        }
    }

    @Test func believesTheServiceAlone() throws {
        var dialogue = try Dialogue.joined()
        for from in [
            "example.org", "monitor.example.net", "monitor.example.org/x",
            "mallory@monitor.example.org", "pubsub.example.org",
        ] {
            dialogue.tell(
                from: try JID(from),
                "host/web1/summary",
                [Dialogue.item(Dialogue.sample(cpu: 1))]
            )
            dialogue.tell(
                from: try JID(from),
                "fleet",
                [
                    Dialogue.item(id: "web1", Dialogue.host("web1", "up"))
                ]
            )
            var subscription = Element("subscription", Namespace.pubsubEvent)
            subscription["node"] = "#"
            subscription["subscription"] = "none"
            dialogue.tell(from: try JID(from), [subscription])
        }
        #expect(dialogue.messages.isEmpty)
        #expect(dialogue.announced.isEmpty)
    }

    @Test func believesNoComponentBeforeItIsFound() throws {
        var dialogue = try Dialogue()
        dialogue.tell("host/web1/summary", [Dialogue.item(Dialogue.sample(cpu: 1))])
        #expect(dialogue.messages.isEmpty)
    }

    @Test func knowsWhoIsThereFromTheServiceAlone() throws {
        var dialogue = try Dialogue.joined()
        dialogue.tell(
            "fleet",
            [
                Dialogue.item(id: "web1", Dialogue.host("web1", "up")),
                Dialogue.item(
                    id: "db1",
                    Dialogue.host("db1", jid: "db1@hosts.example.org", "gone")
                ),
            ]
        )
        #expect(
            dialogue.presences == [
                web: .available, try JID("db1@hosts.example.org"): .unavailable,
            ]
        )
    }

    @Test func takesTheNewerOfTheServiceAndTheAgent() throws {
        var dialogue = try Dialogue.joined(Dialogue.contact(web))
        dialogue.receive(Stanza(.presence, from: agent))
        #expect(dialogue.presences == [web: .available])
        dialogue.tell("fleet", [Dialogue.item(id: "web1", Dialogue.host("web1", "gone"))])
        #expect(dialogue.presences == [web: .unavailable])
        dialogue.receive(Stanza(.presence, from: agent))
        #expect(dialogue.presences == [web: .available])
    }

    @Test func doesNotTakeAPersonForTheHostThatTheServiceCallsGone() throws {
        var dialogue = try Dialogue.joined(Dialogue.contact(web))
        dialogue.tell("fleet", [Dialogue.item(id: "web1", Dialogue.host("web1", "gone"))])
        let person = JID(normalizedLocal: "web1", domain: "example.org", resource: "phone")
        dialogue.receive(Stanza(.presence, from: person))
        #expect(dialogue.presences == [web: .unavailable])
    }

    @Test func unlistsWhatIsNoLongerAHost() throws {
        var dialogue = try Dialogue.joined()
        let db = try JID("db1@hosts.example.org")
        dialogue.tell(
            "fleet",
            [
                Dialogue.item(id: "db1", Dialogue.host("db1", jid: db.description, "up"))
            ]
        )
        dialogue.tell("fleet", [Dialogue.retraction("db1")])
        #expect(dialogue.unlisted == [db])
    }

    @Test(arguments: ["retract", "purge", "delete"])
    func clearsWhatAMirrorLost(_ how: String) throws {
        var dialogue = try Dialogue.joined()
        let db = try JID("db1@hosts.example.org")
        let node = "host/db1/alerts.critical"
        dialogue.tell(
            "fleet",
            [
                Dialogue.item(id: "db1", Dialogue.host("db1", jid: db.description, "up"))
            ]
        )
        if how == "retract" {
            dialogue.tell(node, [Dialogue.retraction("current")])
        } else {
            dialogue.tell([Element(how, Namespace.pubsubEvent, attributes: [.init("node", node)])])
        }
        guard case .cleared(db, .alertsCritical) = dialogue.messages.last else {
            Issue.record("\(dialogue.messages)")
            return
        }
    }

    @Test func listsNoHostForANodeThatIsDeleted() throws {
        var dialogue = try Dialogue.joined()
        dialogue.tell([
            Element("delete", Namespace.pubsubEvent, attributes: [.init("node", "host/a/cpu")])
        ])
        var model = Fixture.model()
        for message in dialogue.messages { _ = model.update(message) }
        #expect(model.fleet.hosts.isEmpty)
    }

    @Test(arguments: [
        "alerts/critical", "events", "host/web1", "host//cpu", "host/web1/cpu/x", "host/web1/x",
        "hosts/web1/summary", "urn:lapwing:1#summary", "fleet/web1", "",
    ])
    func showsNoHostForOtherNodes(_ node: String) throws {
        var dialogue = try Dialogue.joined()
        dialogue.tell(
            node,
            [
                Dialogue.item(id: "web1/x", publisher: "web1@example.org", Dialogue.sample(cpu: 1)),
                Dialogue.item(id: "web1", Dialogue.host("web1", "up")), Dialogue.retraction("web1"),
            ]
        )
        #expect(dialogue.messages.isEmpty)
    }

    @Test func passesOverHostsThatCanNotBeRead() throws {
        var dialogue = try Dialogue.joined()
        var nameless = Dialogue.item(Dialogue.host("web1", "up"))
        nameless["id"] = nil
        dialogue.tell(
            "fleet",
            [
                nameless, Dialogue.item(id: "web1", nil),
                Dialogue.item(id: "web1", Dialogue.sample(cpu: 1)),
                Dialogue.item(id: "web1", Dialogue.host("web1", "asleep")),
                Dialogue.item(id: "a b", Dialogue.host("a b", jid: "a b@example.org", "up")),
            ]
        )
        #expect(dialogue.messages.isEmpty)
    }

    @Test func saysThatTheServerEndedTheSubscription() throws {
        var dialogue = try Dialogue.joined(Dialogue.contact(web))
        dialogue.receive(Stanza(.presence, from: agent))
        dialogue.tell(
            "fleet",
            [
                Dialogue.item(id: "web1", Dialogue.host("web1", "up")),
                Dialogue.item(id: "db1", Dialogue.host("db1", "up")),
            ]
        )
        let before = dialogue.takeMessages()
        var subscription = Element("subscription", Namespace.pubsubEvent)
        subscription["node"] = "#"
        subscription["jid"] = Fixture.viewer.description
        subscription["subscription"] = "none"
        dialogue.tell([subscription])
        #expect(dialogue.feed == .withdrawn)
        #expect(dialogue.announced == [.accounts])
        #expect(dialogue.presences == [web: .available])
        #expect(Set(dialogue.unlisted) == [Fixture.host("db1"), Fixture.host("other")])
        var model = Fixture.model()
        for message in before + dialogue.messages { _ = model.update(message) }
        #expect(model.shownHosts == ["web1"])
        #expect(model.screen.text(row: 0).hasSuffix("the server ended the fleet's subscription"))
        // From here on the service is a stranger.
        _ = dialogue.takeMessages()
        dialogue.tell("host/web1/summary", [Dialogue.item(Dialogue.sample(cpu: 1))])
        #expect(dialogue.messages.isEmpty)
        dialogue.tell(from: web, "urn:lapwing:1#summary", [Dialogue.item(Dialogue.sample(cpu: 2))])
        #expect(dialogue.samples == [web: 2])
    }

    @Test(arguments: [
        ("host/web1/cpu", "none", nil), ("#", "subscribed", nil), ("#", "none", "a@b/c"),
    ])
    func staysWhenAnotherSubscriptionEnds(_ node: String, _ state: String, _ jid: String?) throws {
        var dialogue = try Dialogue.joined()
        var subscription = Element("subscription", Namespace.pubsubEvent)
        subscription["node"] = node
        subscription["jid"] = jid
        subscription["subscription"] = state
        dialogue.tell([subscription])
        #expect(dialogue.messages.isEmpty)
    }

    @Test func showsAFleetOfWhichItKnowsNobody() throws {
        var dialogue = try Dialogue.joined()
        dialogue.tell("fleet", [Dialogue.item(id: "web1", Dialogue.host("web1", "up"))])
        dialogue.tell(
            "host/web1/summary",
            [Dialogue.item(publisher: "web1@example.org", Dialogue.sample(cpu: 42))]
        )
        var model = Fixture.model()
        for message in dialogue.messages { _ = model.update(message) }
        #expect(model.screen.text(row: 2).hasPrefix(". web1       up      42%"))
    }
}
