import Modules
import Testing
import XMPP

@testable import Server

/// What waits for a slow reader.
struct BacklogTests {
    private static let session = Letter.Target(session: SessionID(rawValue: 1), own: [])

    @Test func keepsTheNewestOfAnItemInItsPlace() throws {
        var backlog = Backlog()
        for (node, id, content) in [("a", "1", "x"), ("b", "1", "y"), ("a", "1", "z")] {
            backlog.add(try event(node, .publish(id, content)), to: Self.session)
        }
        #expect(drained(&backlog) == ["z", "y"])
        #expect(backlog.coalesced == 1)
        #expect(backlog.isEmpty)
    }

    @Test func keepsItemsOfDifferentSubscriptionsApart() throws {
        var backlog = Backlog()
        let other = Letter.Target(session: SessionID(rawValue: 1), own: Array("<a/>".utf8))
        backlog.add(try event("a", .publish("1", "x")), to: Self.session)
        backlog.add(try event("a", .publish("1", "y")), to: other)
        #expect(drained(&backlog) == ["x", "y"])
    }

    // Which of several subscriptions an item matches can change from one to the next.
    @Test func letsNoItemOvertakeAnOlderOneForOtherSubscriptions() throws {
        var backlog = Backlog()
        let other = Letter.Target(session: SessionID(rawValue: 1), own: Array("<a/>".utf8))
        backlog.add(try event("a", .publish("1", "x")), to: Self.session)
        backlog.add(try event("a", .publish("1", "y")), to: other)
        backlog.add(try event("a", .publish("1", "z")), to: Self.session)
        #expect(drained(&backlog) == ["y", "z"])
        #expect(backlog.coalesced == 1)
    }

    @Test func dropsWhatARetractionMakesSuperfluousAndKeepsTheRetraction() throws {
        var backlog = Backlog()
        backlog.add(try event("a", .publish("1", "x")), to: Self.session)
        backlog.add(try event("a", .publish("2", "y")), to: Self.session)
        backlog.add(try event("a", .retract("1")), to: Self.session)
        #expect(drained(&backlog) == ["y", "retract"])
    }

    @Test func dropsTheItemsOfANodeThatIsPurged() throws {
        var backlog = Backlog()
        backlog.add(try event("a", .publish("1", "x")), to: Self.session)
        backlog.add(try event("b", .publish("1", "y")), to: Self.session)
        backlog.add(try event("a", .purge), to: Self.session)
        #expect(drained(&backlog) == ["y", "purge"])
    }

    // A node that is filled and purged in turn, while much else waits.
    @Test func looksAtTheItemsOfAPurgedNodeAlone() throws {
        var backlog = Backlog()
        for node in 0..<100 {
            for id in 0..<3 {
                backlog.add(try event("n\(node)", .publish("\(id)", "x")), to: Self.session)
            }
        }
        let (full, empty) = (try event("a", .publish("1", "y")), try event("a", .purge))
        for _ in 0..<200 {
            backlog.add(full, to: Self.session)
            backlog.add(empty, to: Self.session)
        }
        #expect(backlog.looks == 200)
        #expect(backlog.coalesced == 200)
        for node in 0..<50 { backlog.add(try event("n\(node)", .purge), to: Self.session) }
        #expect(backlog.looks == 200 + 50 * 3)
        let words = drained(&backlog)
        #expect(words.filter { $0 == "x" }.count == 50 * 3)
        #expect(words.filter { $0 == "purge" }.count == 250)
        #expect(words.count == 400)
    }

    // Of a node that has been purged or read empty nothing is known any more.
    @Test func keepsItemsThatComeAfterAPurge() throws {
        var backlog = Backlog()
        backlog.add(try event("a", .publish("1", "x")), to: Self.session)
        backlog.add(try event("a", .purge), to: Self.session)
        backlog.add(try event("a", .publish("1", "y")), to: Self.session)
        backlog.add(try event("a", .publish("1", "z")), to: Self.session)
        #expect(drained(&backlog) == ["purge", "z"])
        #expect(backlog.coalesced == 2)
        #expect(!backlog.isOver(0))
    }

    @Test func keepsTheOrderOfAllElse() throws {
        var backlog = Backlog()
        backlog.add(Array("<iq/>".utf8))
        backlog.add(try event("a", .publish("1", "x")), to: Self.session)
        backlog.addEnd()
        #expect(drained(&backlog) == ["<iq/>", "x", "end"])
    }

    @Test func isOverWhenTooMuchWaitsThatNothingReplaces() {
        var backlog = Backlog()
        backlog.add([UInt8](repeating: 0, count: 100))
        #expect(!backlog.isOver(100))
        backlog.add([0])
        #expect(backlog.isOver(100))
        _ = backlog.next()
        #expect(!backlog.isOver(100))
    }

    // What replaces nothing, as items of ever other ids, has room too, but not without bound.
    @Test func isOverWhenTooManyBytesOfEventsWait() throws {
        var backlog = Backlog()
        let large = try event("a", .publish("1", String(repeating: "x", count: 60_000)))
        func add(_ number: Int) {
            let own = Array("<a n='\(number)'/>".utf8)
            backlog.add(large, to: Letter.Target(session: SessionID(rawValue: 1), own: own))
        }
        let room = Backlog.eventBytesMaximum / large.body.count
        for number in 0..<room { add(number) }
        // Again: each takes the place of what is there.
        for number in 0..<room { add(number) }
        #expect(!backlog.isOver(0))
        add(room)
        #expect(backlog.isOver(0))
        _ = backlog.next()
        #expect(!backlog.isOver(0))
    }

    @Test func keepsNoRoomForWhatIsSentToOneWhoIsAlwaysALittleBehind() throws {
        var backlog = Backlog()
        let events = [
            try event("a", .publish("1", "x")), try event("a", .publish("2", "y")),
        ]
        backlog.add(events[0], to: Self.session)
        for number in 1...10_001 {
            backlog.add(events[number % 2], to: Self.session)
            _ = backlog.next()
        }
        #expect(backlog.length <= 2_048)
        #expect(drained(&backlog) == ["y"])
    }

    @Test func keepsNoRoomForWhatIsDroppedByTurns() throws {
        var backlog = Backlog()
        let other = Letter.Target(session: SessionID(rawValue: 1), own: Array("<a/>".utf8))
        let events = [
            try event("a", .publish("1", "x")), try event("a", .publish("1", "y")),
        ]
        for _ in 1...5_000 {
            backlog.add(events[0], to: Self.session)
            backlog.add(events[1], to: other)
        }
        #expect(backlog.length <= 2_048)
        // In their order still, and the newest in the place of the one before.
        backlog.add(try event("a", .publish("1", "z")), to: other)
        #expect(drained(&backlog) == ["x", "z"])
    }

    private enum Happening {
        case publish(String, String)
        case retract(String)
        case purge
    }

    /// The event of an account's node as its engine writes it.
    private func event(_ node: String, _ happening: Happening) throws -> EventBytes {
        let owner = JID(normalizedLocal: "host", domain: "example.org")
        var service = PubSubService(owner: owner, profile: .pep())
        _ = try ask(
            &service,
            "<publish node='\(node)'><item id='1'><a xmlns='a'/></item></publish>"
        )
        _ = service.available(
            Recipient(jid: owner, session: SessionID(rawValue: 1)),
            relation: Relation(isOwner: true),
            notify: NotifySet(features: [node + "+notify"]),
            at: Instant(milliseconds: 0)
        )
        let effects =
            switch happening {
            case .publish(let id, let content):
                try ask(
                    &service,
                    "<publish node='\(node)'><item id='\(id)'><a xmlns='\(content)'/></item>"
                        + "</publish>"
                )
            case .retract(let id):
                try ask(&service, "<retract node='\(node)' notify='1'><item id='\(id)'/></retract>")
            case .purge: try ask(&service, "<purge node='\(node)'/>", Namespace.pubsubOwner)
            }
        for case .notify(let notification) in effects { return notification.bytes }
        throw StanzaError(.itemNotFound)
    }

    private func ask(
        _ service: inout PubSubService,
        _ content: String,
        _ namespace: String = Namespace.pubsub
    ) throws -> [PubSubEffect] {
        let markup = "<pubsub xmlns='\(namespace)'>\(content)</pubsub>"
        let payload = try Element(parsing: Array(markup.utf8))
        let owner = service.owner
        return try service.receive(
            Stanza(.iq, type: "set", id: "q", from: owner, to: owner, [payload]),
            from: owner,
            relation: { _ in Relation(isOwner: true) },
            at: Instant(milliseconds: 0)
        )
    }

    /// What comes out, each in one word.
    private func drained(_ backlog: inout Backlog) -> [String] {
        var words: [String] = []
        while let piece = backlog.next() {
            switch piece {
            case .bytes(let bytes): words.append(String(decoding: bytes, as: UTF8.self))
            case .event(let event, _):
                let text = String(decoding: event.body, as: UTF8.self)
                let word = ["x", "y", "z"].first { text.contains("xmlns='\($0)'") }
                words.append(word ?? (text.contains("<retract") ? "retract" : "purge"))
            case .end: words.append("end")
            }
        }
        return words
    }
}
