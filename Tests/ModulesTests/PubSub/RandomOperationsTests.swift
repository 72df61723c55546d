import Testing
import XMPP

@testable import Modules

/// Whatever is asked in whatever order, the engine does what a simple model of one node does.
@Suite(.repeating("RandomOperationsTests")) struct RandomOperationsTests {
    /// A node as plainly as it can be said.
    private struct Model {
        var items: [String] = []
        var maximum = 3
        var isOpen = false
        var contacts: Set<Int> = []
        var present: Set<Int> = []
        var subscribed: Set<Int> = []

        func admits(_ viewer: Int) -> Bool { isOpen || contacts.contains(viewer) }

        /// Sessions that are there, and bare addresses that subscribed and are not.
        var audience: [String] {
            let sessions = present.filter(admits)
            return
                (sessions.map { "v\($0)@example.org/top" }
                + subscribed.subtracting(sessions).map { "v\($0)@example.org" }).sorted()
        }
    }

    /// A generator that gives the same for the same seed.
    private struct Dice {
        var state: UInt64

        mutating func roll(_ sides: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(sides))
        }
    }

    @Test(arguments: 1...20)
    func agreesWithTheModel(_ seed: UInt64) throws {
        var dice = Dice(state: seed &* 0x9E37_79B9_7F4A_7C15 | 1)
        var talk = NodesConversation()
        var model = Model()
        _ = try talk.create("n", ["max_items": "3"])
        for step in 0..<400 {
            let viewer = dice.roll(4)
            switch dice.roll(9) {
            case 0, 1: try publish(String(dice.roll(5)), &talk, &model)
            case 2: try retract(String(dice.roll(5)), &talk, &model)
            case 3: try come(viewer, &talk, &model)
            case 4:
                _ = talk.service.unavailable(try JID("v\(viewer)@example.org/top"))
                model.present.remove(viewer)
            case 5: try subscribe(viewer, &talk, &model)
            case 6: try befriend(viewer, &talk, &model)
            case 7 where step.isMultiple(of: 5): try open(&talk, &model)
            default: try resize(to: dice.roll(4) + 1, &talk, &model)
            }
            #expect(try talk.items(of: "n") == model.items, "seed \(seed), step \(step)")
        }
    }

    private func publish(
        _ id: String,
        _ talk: inout NodesConversation,
        _ model: inout Model
    ) throws {
        model.items.removeAll { $0 == id }
        model.items.append(id)
        let displaced = model.items.count > model.maximum ? model.items.removeFirst() : nil
        let outcome = try talk.publish("n", id)
        var told = model.audience.map { "\($0): n item \(id)" }
        // Where there is one item, the next says that it is gone.
        if let displaced, model.maximum > 1 {
            told += model.audience.map { "\($0): n retract \(displaced)" }
        }
        #expect(outcome.told == told.sorted())
    }

    private func retract(
        _ id: String,
        _ talk: inout NodesConversation,
        _ model: inout Model
    ) throws {
        let outcome = try talk.set("<retract node='n'><item id='\(id)'/></retract>")
        guard model.items.contains(id) else {
            #expect(outcome.error == "cancel item-not-found")
            return
        }
        model.items.removeAll { $0 == id }
        #expect(outcome.told == model.audience.map { "\($0): n retract \(id)" })
    }

    /// The host knows presence only of contacts.
    private func come(
        _ viewer: Int,
        _ talk: inout NodesConversation,
        _ model: inout Model
    ) throws {
        guard model.contacts.contains(viewer) else { return }
        let outcome = try talk.arrive("v\(viewer)@example.org/top", wanting: ["n"])
        model.present.insert(viewer)
        #expect(outcome.notifications.count + outcome.loads.count == (model.items.isEmpty ? 0 : 1))
    }

    private func subscribe(
        _ viewer: Int,
        _ talk: inout NodesConversation,
        _ model: inout Model
    ) throws {
        let outcome = try talk.subscribe("v\(viewer)@example.org/other", "n")
        #expect((outcome.error == nil) == model.admits(viewer))
        if model.admits(viewer) { model.subscribed.insert(viewer) }
    }

    private func befriend(
        _ viewer: Int,
        _ talk: inout NodesConversation,
        _ model: inout Model
    ) throws {
        let isFriend = model.contacts.remove(viewer) == nil
        if isFriend { model.contacts.insert(viewer) }
        _ = try talk.change(
            "v\(viewer)@example.org",
            to: Relation(presenceAuthorized: isFriend)
        )
        if !isFriend {
            model.present.remove(viewer)
            if !model.isOpen { model.subscribed.remove(viewer) }
        }
    }

    private func open(_ talk: inout NodesConversation, _ model: inout Model) throws {
        model.isOpen.toggle()
        _ = try talk.configure("n", ["access_model": model.isOpen ? "open" : "presence"])
        if !model.isOpen { model.subscribed.formIntersection(model.contacts) }
    }

    private func resize(
        to maximum: Int,
        _ talk: inout NodesConversation,
        _ model: inout Model
    ) throws {
        model.maximum = maximum
        model.items = Array(model.items.suffix(maximum))
        #expect(try talk.configure("n", ["max_items": String(maximum)]).error == nil)
    }
}
