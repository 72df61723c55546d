import Testing
import XMPP

@testable import Modules

/// What was published while a session was away (XEP-0312).
@Suite struct MissedItemsTests {
    private static let viewer = "v@example.org/top"

    /// One item a second: the first at the time that comes back.
    private func talk(
        items: Int,
        _ payload: String = "<a xmlns='urn:a'/>"
    ) throws -> (NodesConversation, Instant) {
        var talk = NodesConversation()
        let start = talk.now
        _ = try talk.create("n", ["access_model": "open", "max_items": "500"])
        for number in 0..<items {
            talk.now = start + .seconds(Int64(number))
            _ = try talk.publish("n", "\(number)", payload)
        }
        return (talk, start)
    }

    private static func told(_ ids: [String]) -> [String] {
        ids.map { "\(viewer): n item \($0) late" }
    }

    /// What comes of it once the store has answered.
    private func read(
        _ outcome: NodesConversation.Outcome,
        _ talk: inout NodesConversation
    ) -> NodesConversation.Outcome {
        guard let request = outcome.loads.first else { return outcome }
        let payloads = Dictionary(uniqueKeysWithValues: request.items.map { ($0, [UInt8(60)]) })
        return talk.outcome(
            of: talk.service.loaded(request.answered(payloads), at: talk.now)
        )
    }

    // §2, rules 1 and 3: items from the moment on, each once, with its time.
    @Test(arguments: [(nil, ["3"]), (0, ["0", "1", "2", "3"]), (2, ["2", "3"]), (4, [])])
    func sendsWhatWasMissed(_ seconds: Int?, _ expected: [String]) throws {
        var (talk, start) = try talk(items: 4)
        let since = seconds.map { start + .seconds(Int64($0)) }
        let outcome = try talk.arrive(Self.viewer, wanting: ["n"], since: since)
        #expect(read(outcome, &talk).told == Self.told(expected))
    }

    // Rule 2.
    @Test func leavesOutWhatIsGone() throws {
        var (talk, start) = try talk(items: 3)
        _ = try talk.set("<retract node='n'><item id='1'/></retract>")
        let outcome = try talk.arrive(Self.viewer, wanting: ["n"], since: start)
        #expect(read(outcome, &talk).told == Self.told(["0", "2"]))
    }

    // Presence that comes later brings nothing, whatever it says.
    @Test func looksAtTheInitialPresenceOnly() throws {
        var (talk, start) = try talk(items: 3)
        let recipient = Recipient(jid: try JID(Self.viewer), session: SessionID(rawValue: 9))
        func come(_ talk: inout NodesConversation, _ show: Show, _ since: Instant?) -> [String] {
            talk.outcome(
                of: talk.service.available(
                    recipient,
                    relation: Relation(presenceAuthorized: true),
                    notify: NotifySet(features: ["n+notify"]),
                    show: show,
                    since: since,
                    at: talk.now
                )
            ).told
        }
        #expect(come(&talk, .online, nil).count == 1)
        #expect(come(&talk, .away, start).isEmpty)
        #expect(come(&talk, .online, start).isEmpty)
    }

    // Rule 5: the newest, up to a limit.
    @Test(arguments: [0, 1])
    func sendsNoMoreThanItsLimit(_ over: Int) throws {
        let limit = PubSubLimits.missedItemsMaximum
        var (talk, start) = try talk(items: limit + over)
        let outcome = try talk.arrive(Self.viewer, wanting: ["n"], since: start)
        let notifications = read(outcome, &talk).notifications
        #expect(notifications.count == limit)
        #expect(notifications.first?.event.summary == "n item \(over) late")
    }

    // What is not in memory is read, and left out where it has changed meanwhile.
    @Test func readsLargePayloads() throws {
        let text = String(repeating: "x", count: PubSubLimits.payloadInMemoryMaximum)
        var (talk, start) = try talk(items: 3, "<a xmlns='urn:a'>\(text)</a>")
        let outcome = try talk.arrive(Self.viewer, wanting: ["n"], since: start)
        let request = try #require(outcome.loads.first)
        #expect(request.items == ["0", "1", "2"])
        talk.now = talk.now + .seconds(9)
        _ = try talk.publish("n", "1")
        let payloads = Dictionary(uniqueKeysWithValues: request.items.map { ($0, [UInt8(60)]) })
        let answer = talk.service.loaded(request.answered(payloads), at: talk.now)
        let told = talk.outcome(of: answer).told
        #expect(told == Self.told(["0", "2"]))
    }

    // The subscriptions of one who was away.
    @Test(arguments: [(1, 2), (3, 0)])
    func sendsToSubscribers(_ seconds: Int, _ count: Int) throws {
        var (talk, start) = try talk(items: 3)
        _ = try talk.configure("n", ["send_last_published_item": "on_sub_and_presence"])
        _ = try talk.subscribe(Self.viewer, "n")
        let outcome = try talk.arrive(Self.viewer, since: start + .seconds(Int64(seconds)))
        #expect(read(outcome, &talk).notifications.count == count)
    }

    // Capabilities are often known only after the presence that says since when.
    @Test func findsWhatIsMissingOnceItsWishesAreKnown() throws {
        var talk = Conversation(["v"])
        try talk.login("v/agent")
        talk.now = talk.now + .seconds(1_000)
        let markup =
            "<pubsub xmlns='\(Namespace.pubsub)'><publish node='n'><item id='1'>"
            + "<a xmlns='urn:a'/></item></publish></pubsub>"
        let payload = try Element(parsing: Array(markup.utf8))
        talk.send("v/agent", Stanza(.iq, type: "set", id: "p", [payload]))
        talk.now = talk.now + .seconds(60)
        #expect(try come("v/one", ago: nil, &talk) == 1)
        #expect(try come("v/two", ago: 90, &talk) == 1)
        #expect(try come("v/three", ago: 30, &talk) == 0)
    }

    /// How many events a session gets that comes.
    private func come(
        _ name: String,
        ago seconds: UInt64?,
        _ talk: inout Conversation
    ) throws -> Int {
        try talk.login(name)
        // Each another program, of which nothing is known yet.
        let info = DiscoInfo(
            identities: [.init(category: "client", type: "pc", name: name)],
            features: ["n+notify"]
        )
        let capabilities = try #require(EntityCapabilities(node: "urn:test", describing: info))
        let ago = seconds.map { [Since(seconds: $0).element] } ?? []
        talk.available(name, [capabilities.element] + ago)
        let came = talk.take(name)
        let question = try #require(came.first { $0.payload?.namespace == Namespace.discoInfo })
        var answer = question.result(info.element)
        answer.to = question.from
        talk.send(name, answer)
        return (came + talk.take(name)).count {
            $0.payload("event", Namespace.pubsubEvent) != nil
        }
    }
}
