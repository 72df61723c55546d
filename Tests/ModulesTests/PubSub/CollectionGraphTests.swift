import Testing

@testable import Modules

/// Which node is in which collection (XEP-0248 §4.1, §8.1).
struct CollectionGraphTests {
    @Test func anythingIsInTheRootThatIsNowhereElse() throws {
        var graph = CollectionGraph()
        #expect(graph.parents(of: "a") == [""])
        #expect(graph.isInRoot("a"))
        try graph.put("a", in: ["site"])
        #expect(!graph.isInRoot("a"))
        #expect(graph.children(of: "site") == ["a"])
        try graph.put("a", in: ["", "site"])
        #expect(graph.isInRoot("a"))
        #expect(graph.parents(of: "a") == ["", "site"])
        try graph.put("a", in: [])
        #expect(graph == CollectionGraph())
    }

    @Test func knowsTheShortestWayUp() throws {
        var graph = CollectionGraph()
        try graph.put("rack", in: ["site"])
        try graph.put("host", in: ["rack", "site"])
        let ancestors = graph.ancestors(of: "host").map { "\($0.name) \($0.distance)" }
        #expect(ancestors.sorted() == [" 2", "rack 1", "site 1"])
        #expect(graph.descendants(of: "site") == ["rack", "host"])
        #expect(graph.ancestors(of: "").isEmpty)
    }

    @Test func refusesCycles() throws {
        var graph = CollectionGraph()
        try graph.put("b", in: ["a"])
        try graph.put("c", in: ["b"])
        let before = graph
        #expect(throws: CollectionGraph.Refusal.cycle) { try graph.put("a", in: ["c"]) }
        #expect(throws: CollectionGraph.Refusal.cycle) { try graph.put("a", in: ["a"]) }
        #expect(graph == before)
    }

    @Test func refusesOneLevelTooMany() throws {
        var graph = CollectionGraph()
        let maximum = CollectionGraph.levelsMaximum
        for level in 1...maximum { try graph.put("\(level)", in: ["\(level - 1)"]) }
        #expect(throws: CollectionGraph.Refusal.tooDeep) {
            try graph.put("\(maximum + 1)", in: ["\(maximum)"])
        }
        // What is below counts as well as what is above.
        #expect(throws: CollectionGraph.Refusal.tooDeep) { try graph.put("0", in: ["top"]) }
        #expect(graph.ancestors(of: "\(maximum)").count == maximum + 1)
    }

    @Test func refusesOneParentTooMany() throws {
        var graph = CollectionGraph()
        let parents = (0..<CollectionGraph.parentsMaximum).map { "p\($0)" }
        try graph.put("a", in: parents)
        #expect(throws: CollectionGraph.Refusal.tooManyParents) {
            try graph.put("a", in: parents + ["one more"])
        }
    }

    // §8.2: children stay where else they are, or come to the root.
    @Test func leavesChildrenTheirOtherParents() throws {
        var graph = CollectionGraph()
        try graph.put("a", in: ["x"])
        try graph.put("b", in: ["x", "y"])
        try graph.put("c", in: ["", "x"])
        try graph.put("x", in: ["y"])
        let orphans = graph.remove("x").map { "\($0.child) \($0.parents)" }
        #expect(orphans == ["a [\"\"]", "b [\"y\"]", "c [\"\"]"])
        #expect(graph.children(of: "y") == ["b"])
        #expect(graph.children(of: "").isEmpty)
        #expect(graph.descendants(of: "x").isEmpty)
    }

    // A configuration that names many children, each above the same large part of the graph.
    @Test func walksWhatManyNodesShareOnce() throws {
        var graph = CollectionGraph()
        for leaf in 0..<100 { try graph.put("leaf\(leaf)", in: ["hall"]) }
        try graph.put("hall", in: (0..<16).map { "wing\($0)" })
        for wing in 0..<16 {
            try graph.put("wing\(wing)", in: (0..<16).map { "top\(wing) \($0)" })
        }
        let tops = (0..<16).flatMap { wing in (0..<16).map { "top\(wing) \($0)" } }
        var walk = CollectionWalk()
        try graph.put("site", in: ["world"], &walk)
        for top in tops { try graph.put(top, in: ["site"], &walk) }
        #expect(graph.children(of: "site").count == tops.count)
        #expect(graph.descendants(of: tops).count == 16 + 1 + 100)
        let edges = graph.descendants(of: "world").reduce(0) { $0 + graph.parents(of: $1).count }
        #expect(edges == 1 + 256 + 256 + 16 + 100)
        #expect(walk.steps <= edges)
    }

    // What is remembered says the same as what is looked at anew.
    @Test(arguments: 1...8)
    func remembersNothingThatIsNoLongerSo(_ seed: UInt64) {
        var dice = SeededDice(seed: seed)
        var one = CollectionGraph()
        var other = CollectionGraph()
        var walk = CollectionWalk()
        let names = (0..<24).map { "n\($0)" }
        for step in 0..<600 {
            let child = dice.pick(names)
            let parents = (0..<dice.roll(3)).map { _ in dice.pick(names) }
            let found = Result { () throws(CollectionGraph.Refusal) in
                try one.put(child, in: parents, &walk)
            }
            let expected = Result { () throws(CollectionGraph.Refusal) in
                try other.put(child, in: parents)
            }
            switch (found, expected) {
            case (.success, .success): break
            case (.failure(let refusal), .failure(let due)): #expect(refusal == due)
            default: Issue.record("seed \(seed), step \(step): \(found), not \(expected)")
            }
        }
        #expect(one == other)
    }
}
