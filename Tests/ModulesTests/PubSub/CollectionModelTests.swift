import Testing
import XMPP

@testable import Modules

/// Whatever is put where in whatever order, events reach whom a plain walk up the graph finds.
@Suite(.repeating("CollectionModelTests")) struct CollectionModelTests {
    /// Who follows which collection, and which node is in which.
    private struct Model {
        var parents: [String: Set<String>] = [:]
        /// How far down, by follower and collection.
        var follows: [String: [String: Int]] = [:]

        /// Followers of whom a collection is so near above the node that they are told.
        func audience(of node: String) -> [String] {
            var distances: [String: Int] = [:]
            walk(from: node, 1, &distances)
            return follows.filter { _, depths in
                depths.contains { name, depth in (distances[name] ?? .max) <= depth }
            }.keys.sorted()
        }

        private func walk(from node: String, _ distance: Int, _ found: inout [String: Int]) {
            for parent in parents[node] ?? [""] {
                if distance < found[parent] ?? .max { found[parent] = distance }
                if !parent.isEmpty { walk(from: parent, distance + 1, &found) }
            }
        }
    }

    private struct Dice {
        var state: UInt64

        mutating func roll(_ sides: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(sides))
        }
    }

    @Test(arguments: 1...12)
    func agreesWithTheModel(_ seed: UInt64) throws {
        var dice = Dice(state: seed &* 0x9E37_79B9_7F4A_7C15 | 1)
        var talk = NodesConversation.ofUsers()
        var model = Model()
        for name in 0..<4 { try talk.makeCollection("c\(name)") }
        for name in 0..<4 { try talk.make("n\(name)") }
        for step in 0..<200 {
            switch dice.roll(5) {
            case 0, 1: try move(&dice, &talk, &model)
            case 2: try follow(&dice, &talk, &model)
            case 3 where dice.roll(6) == 0: try remake(&dice, &talk, &model)
            default: break
            }
            let node = "n\(dice.roll(4))"
            let told = try talk.publish(node, "1", from: NodesConversation.romeo).notifications
                .flatMap(\.recipients).map(\.jid.description).sorted()
            #expect(told == model.audience(of: node), "seed \(seed), step \(step), \(node)")
        }
    }

    /// Puts any node into up to two collections, if that makes no cycle.
    private func move(
        _ dice: inout Dice,
        _ talk: inout NodesConversation,
        _ model: inout Model
    ) throws {
        let child = dice.roll(2) == 0 ? "c\(dice.roll(4))" : "n\(dice.roll(4))"
        let parents = (0..<dice.roll(3)).map { _ in
            dice.roll(5) == 0 ? "" : "c\(dice.roll(4))"
        }
        let isDone = try talk.setUp(child, ["collection": parents]).error == nil
        if isDone { model.parents[child] = parents.isEmpty ? nil : Set(parents) }
    }

    private func follow(
        _ dice: inout Dice,
        _ talk: inout NodesConversation,
        _ model: inout Model
    ) throws {
        let who = "v\(dice.roll(2))@example.org"
        let collection = dice.roll(5) == 0 ? "" : "c\(dice.roll(4))"
        if model.follows[who]?.removeValue(forKey: collection) != nil {
            let leave = "<unsubscribe node='\(collection)' jid='\(who)'/>"
            #expect(try talk.set(leave, from: who + "/x").error == nil)
        } else {
            let depth = dice.roll(4)
            try talk.follow(collection, from: who + "/x", type: .items, depth: .levels(depth))
            model.follows[who, default: [:]][collection] = depth
        }
    }

    /// Deletes a collection and makes it again: its children are elsewhere, its followers gone.
    private func remake(
        _ dice: inout Dice,
        _ talk: inout NodesConversation,
        _ model: inout Model
    ) throws {
        let name = "c\(dice.roll(4))"
        let delete = "#<delete node='\(name)'/>"
        #expect(try talk.set(delete, from: NodesConversation.romeo).error == nil)
        try talk.makeCollection(name)
        for (who, _) in model.follows { model.follows[who]?[name] = nil }
        model.parents[name] = nil
        for (child, parents) in model.parents {
            let left = parents.subtracting([name])
            model.parents[child] = left.isEmpty ? nil : left
        }
    }
}
