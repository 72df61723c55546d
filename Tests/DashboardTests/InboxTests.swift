import Dashboard
import Telemetry
import Testing
import XMPP

@Suite struct InboxTests {
    private let web = Fixture.host("web1")
    private let agent = JID(normalizedLocal: "web1", domain: "example.org", resource: "agent")

    /// An inbox that is online, with the roster given.
    private func inbox(_ items: Element...) throws -> Inbox {
        var inbox = Inbox(token: "t")
        let sent = inbox.online(Fixture.viewer)
        _ = inbox.receive(try answer(sent, to: Namespace.roster, items))
        return inbox
    }

    private func answer(
        _ sent: [Stanza],
        to namespace: String,
        _ children: [Element]
    ) throws -> Stanza {
        let request = try #require(sent.first { $0.payload?.namespace == namespace })
        var result = request.result(Element("query", namespace, children))
        result.to = Fixture.viewer
        return result
    }

    private func contact(_ jid: JID, subscription: String = "both", group: String? = nil)
        -> Element
    {
        var item = Element("item", Namespace.roster)
        item["jid"] = jid.description
        item["subscription"] = subscription
        if let group { item.append(Element("group", Namespace.roster, text: group)) }
        return item
    }

    private func event(
        from: JID,
        node: String = "urn:lapwing:1#summary",
        _ payload: Element.Node
    ) -> Stanza {
        var items = Element("items", Namespace.pubsubEvent)
        items["node"] = node
        let item = Element(
            "item",
            Namespace.pubsubEvent,
            attributes: [.init("id", "current")],
            children: [payload]
        )
        items.append(item)
        return Stanza(
            .message,
            type: "headline",
            from: from,
            to: Fixture.viewer,
            [Element("event", Namespace.pubsubEvent, [items])]
        )
    }

    private let sample = Element(
        "sample",
        Namespace.lapwing,
        attributes: [
            .init("at", "2026-11-21T13:00:00.000Z"), .init("seq", "1"), .init("run", "r1"),
            .init("level", "ok"),
        ],
        [Element("v", Namespace.lapwing, text: "12.5").naming("cpu")]
    )

    private func samples(_ delivery: Inbox.Delivery) -> [Sample] {
        delivery.messages.compactMap {
            guard case .report(let report) = $0, case .sample(let sample) = report.payload else {
                return nil
            }
            return sample
        }
    }

    @Test func announcesItsInterest() throws {
        var inbox = Inbox(token: "t")
        let sent = inbox.online(Fixture.viewer)
        #expect(!sent.contains { $0.kind == .presence })
        let delivery = inbox.receive(try answer(sent, to: Namespace.discoItems, []))
        let presence = try #require(delivery.stanzas.first { $0.kind == .presence })
        let capabilities = try #require(
            presence.payload("c", Namespace.capabilities).flatMap { EntityCapabilities($0) }
        )
        #expect(capabilities.confirms(Interest.accounts.info))
        #expect(Interest.accounts.info.features.contains("urn:lapwing:1#summary+notify"))
        #expect(
            Interest.accounts.info.features.contains(
                "http://prosody.im/protocol/monitor#load+notify"
            )
        )
        #expect(!Interest.accounts.info.features.contains("urn:lapwing:1#late+notify"))
    }

    @Test func answersWhatItsCapabilitiesStandFor() throws {
        var inbox = try inbox(contact(web))
        let node = try #require(Interest.accounts.capabilities?.discoNode)
        let request = Stanza(
            .iq,
            type: "get",
            id: "x",
            from: web,
            to: Fixture.viewer,
            [DiscoInfo.request(node: node)]
        )
        let reply = try #require(inbox.receive(request).stanzas.first)
        #expect(reply.type == "result")
        #expect(reply.to == web)
        let info = try #require(reply.payload.flatMap { DiscoInfo($0) })
        #expect(info.features == Interest.accounts.info.features)
        #expect(info.node == node)
    }

    @Test func tellsStrangersNothing() throws {
        var inbox = try inbox(contact(web))
        let request = Stanza(
            .iq,
            type: "get",
            id: "x",
            from: try JID("mallory@example.net/x"),
            [DiscoInfo.request()]
        )
        let reply = try #require(inbox.receive(request).stanzas.first)
        #expect(reply.error?.condition == .serviceUnavailable)
    }

    @Test func readsASampleOfAContact() throws {
        var inbox = try inbox(contact(web))
        let delivery = inbox.receive(event(from: web, .element(sample)))
        #expect(samples(delivery).first?["cpu"] == 12.5)
    }

    @Test func readsAPayloadThatCameAsBytes() throws {
        var inbox = try inbox(contact(web))
        let raw = RawElement(
            name: "sample",
            namespace: Namespace.lapwing,
            bytes: sample.serialized()
        )
        #expect(samples(inbox.receive(event(from: web, .raw(raw)))).first?["cpu"] == 12.5)
    }

    @Test func ignoresEventsOfStrangersAndOfSessions() throws {
        var inbox = try inbox(contact(web))
        for from in [try JID("mallory@example.net"), agent, try JID("example.org")] {
            #expect(inbox.receive(event(from: from, .element(sample))).messages.isEmpty)
        }
    }

    @Test func ignoresPayloadsThatDoNotBelongIntoTheirNode() throws {
        var inbox = try inbox(contact(web))
        for node in ["urn:lapwing:1#alerts.critical", "urn:lapwing:1#meta", "urn:other"] {
            #expect(
                inbox.receive(event(from: web, node: node, .element(sample))).messages.isEmpty
            )
        }
    }

    @Test func takesTheTimeOfAKeptItemFromItsStamp() throws {
        var inbox = try inbox(contact(web))
        var message = event(from: web, .element(sample))
        var delay = Element("delay", Namespace.delay)
        delay["stamp"] = Fixture.start.dateTime
        message.children.append(.element(delay))
        guard case .report(let report) = inbox.receive(message).messages.last else {
            Issue.record("no report")
            return
        }
        #expect(report.sent == Fixture.start)
    }

    @Test func listsTheHostsOfTheRosterAlsoWhenTheyAreAway() throws {
        var inbox = Inbox(token: "t")
        let sent = inbox.online(Fixture.viewer)
        #expect(!inbox.hasRoster)
        let delivery = inbox.receive(
            try answer(
                sent,
                to: Namespace.roster,
                [contact(web, group: "hosts"), contact(Fixture.host("bob"), group: "Friends")]
            )
        )
        #expect(inbox.hasRoster)
        #expect(delivery.messages.count == 1)
        guard case .listed(web) = delivery.messages.first else {
            Issue.record("not listed")
            return
        }
    }

    @Test func takesAnAgentForAHostAndAFriendForNone() throws {
        var inbox = try inbox(contact(web), contact(Fixture.host("bob")))
        let friend = JID(normalizedLocal: "bob", domain: "example.org", resource: "phone")
        #expect(inbox.receive(Stanza(.presence, from: friend)).messages.isEmpty)
        let delivery = inbox.receive(Stanza(.presence, from: agent))
        guard case .presence(web, .available) = delivery.messages.first else {
            Issue.record("\(delivery)")
            return
        }
    }

    @Test func takesAStrangersPresenceForNothing() throws {
        var inbox = try inbox()
        #expect(inbox.receive(Stanza(.presence, from: agent)).messages.isEmpty)
        #expect(inbox.receive(event(from: web, .element(sample))).messages.isEmpty)
    }

    @Test func seesTheAgentGoWhileSomebodyElseStays() throws {
        var inbox = try inbox(contact(web))
        let person = JID(normalizedLocal: "web1", domain: "example.org", resource: "phone")
        _ = inbox.receive(Stanza(.presence, from: agent))
        _ = inbox.receive(Stanza(.presence, from: person))
        let delivery = inbox.receive(Stanza(.presence, type: "unavailable", from: agent))
        guard case .presence(web, .unavailable) = delivery.messages.first else {
            Issue.record("\(delivery)")
            return
        }
    }

    @Test func asksAForeignServerOnceForTheLogOfAHost() throws {
        var inbox = Inbox(token: "t")
        let sent = inbox.online(Fixture.viewer)
        _ = inbox.receive(try answer(sent, to: Namespace.roster, [contact(web)]))
        _ = inbox.receive(try answer(sent, to: Namespace.discoItems, []))
        #expect(inbox.receive(Stanza(.presence, from: agent)).stanzas.isEmpty)
        let disco = inbox.receive(try answer(sent, to: Namespace.discoInfo, []))
        let items = try #require(disco.stanzas.first?.payload?.elements.first)
        #expect(disco.stanzas.first?.to == web)
        #expect(items["node"] == "urn:lapwing:1#events")
        #expect(inbox.receive(Stanza(.presence, from: agent)).stanzas.isEmpty)
    }

    @Test func asksAServerOfOursForNothing() throws {
        var inbox = Inbox(token: "t")
        let sent = inbox.online(Fixture.viewer)
        _ = inbox.receive(try answer(sent, to: Namespace.roster, [contact(web)]))
        var feature = Element("feature", Namespace.discoInfo)
        feature["var"] = "urn:lapwing:1"
        _ = inbox.receive(try answer(sent, to: Namespace.discoInfo, [feature]))
        #expect(inbox.receive(Stanza(.presence, from: agent)).stanzas.isEmpty)
    }

    @Test func takesAnswersOnlyFromWhoWasAsked() throws {
        var inbox = Inbox(token: "t")
        let sent = inbox.online(Fixture.viewer)
        var forged = try answer(sent, to: Namespace.roster, [contact(web, group: "hosts")])
        forged.from = try JID("mallory@example.net")
        #expect(inbox.receive(forged).messages.isEmpty)
        #expect(!inbox.hasRoster)
    }

    @Test func takesRosterPushesOnlyFromTheAccount() throws {
        var inbox = try inbox()
        let push = Element("query", Namespace.roster, [contact(web, group: "hosts")])
        let forged = Stanza(.iq, type: "set", id: "1", from: web, [push])
        #expect(inbox.receive(forged).messages.isEmpty)
        let real = Stanza(.iq, type: "set", id: "2", from: Fixture.viewer.bare, [push])
        let delivery = inbox.receive(real)
        #expect(delivery.messages.count == 1)
        #expect(delivery.stanzas.first?.type == "result")
        let removal = Element("query", Namespace.roster, [contact(web, subscription: "remove")])
        let gone = inbox.receive(Stanza(.iq, type: "set", id: "3", [removal]))
        guard case .unlisted(web) = gone.messages.first else {
            Issue.record("\(gone)")
            return
        }
        #expect(inbox.receive(event(from: web, .element(sample))).messages.isEmpty)
    }

    @Test func boundsTheSessionsOfAContact() {
        var tracker = PresenceTracker()
        for number in 0..<(PresenceTracker.maximumSessions + 10) {
            let jid = JID(
                normalizedLocal: "web1",
                domain: "example.org",
                resource: "s\(number)"
            )
            tracker.receive(Stanza(.presence, from: jid))
        }
        tracker.receive(Stanza(.presence, type: "unavailable", from: web))
        #expect(!tracker.isAvailable(web))
    }
}

extension Element {
    fileprivate func naming(_ name: String) -> Element {
        var element = self
        element["n"] = name
        return element
    }
}
