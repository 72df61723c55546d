import Testing
import XMPP

@testable import Modules

// What one user of a service cannot take from the others.
@Suite struct ShareTests {
    private static let greedy = "g@example.org/1"
    private static let other = "o@example.org/1"
    private static let full = "wait resource-constraint max-nodes-exceeded"

    private static func create(_ node: String) -> String { "<create node='\(node)'/>" }

    /// Has all effects stored, and the service begin again with what there is in the store.
    private func restart(
        _ talk: inout NodesConversation,
        _ store: StoreModel
    ) throws {
        let nodes = Array(store.records.values)
        talk.service = NodesConversation.of(talk.service.profile, nodes: nodes).service
    }

    // MARK: Nodes

    @Test func leavesRoomForTheNodesOfOthers() throws {
        var limits = PubSubLimits()
        limits.nodesOfOne = 2
        limits.nodes = 6
        var talk = NodesConversation.ofService(limits)
        var store = StoreModel()
        func make(_ content: String, from: String) throws -> String? {
            let outcome = try talk.set(content, from: from)
            outcome.changes.forEach { store.apply($0) }
            return outcome.error
        }
        #expect(try make(Self.create("1"), from: Self.greedy) == nil)
        // By a publish as well, and from another session.
        let publish = "<publish node='2'><item id='1'><a xmlns='urn:a'/></item></publish>"
        #expect(try make(publish, from: "g@example.org/2") == nil)
        #expect(try make(Self.create("3"), from: Self.greedy) == Self.full)
        #expect(try make("<create/>", from: Self.greedy) == Self.full)
        let more = "<publish node='3'><item id='1'><a xmlns='urn:a'/></item></publish>"
        #expect(try make(more, from: Self.greedy) == Self.full)
        #expect(try make(Self.create("3"), from: Self.other) == nil)
        // What it gave away is still charged to it, and not to who has it now.
        let owners =
            "#<affiliations node='1'><affiliation jid='o@example.org' affiliation='owner'/>"
            + "<affiliation jid='g@example.org' affiliation='none'/></affiliations>"
        #expect(try make(owners, from: Self.greedy) == nil)
        #expect(try make(Self.create("4"), from: Self.greedy) == Self.full)
        try restart(&talk, store)
        #expect(try make(Self.create("4"), from: Self.greedy) == Self.full)
        #expect(try make(Self.create("4"), from: Self.other) == nil)
        #expect(try make("#<delete node='1'/>", from: Self.other) == nil)
        #expect(try make(Self.create("1"), from: Self.greedy) == nil)
        // An administrator has what there is.
        talk.relations[NodesConversation.owner] = Relation(isOwner: true)
        #expect(try make(Self.create("5"), from: NodesConversation.agent) == nil)
        #expect(try make(Self.create("6"), from: NodesConversation.agent) == nil)
        #expect(try make(Self.create("7"), from: NodesConversation.agent) == Self.full)
        for node in ["1", "2", "3", "4", "5", "6"] {
            _ = try make("#<delete node='\(node)'/>", from: NodesConversation.agent)
        }
        #expect(talk.service.nodesMade.isEmpty)
    }

    // An account's own nodes have the limit of the account alone.
    @Test func boundsNobodyAtHome() throws {
        var limits = PubSubLimits()
        limits.nodesOfOne = 1
        var talk = NodesConversation(limits: limits)
        #expect(try talk.create("1").error == nil)
        #expect(try talk.create("2").error == nil)
    }

    // MARK: Where nodes have moved (XEP-0060 §6.1.3.11)

    @Test func forgetsTheMovesOfWhoHasMost() throws {
        var talk = NodesConversation.ofService()
        var store = StoreModel()
        func move(_ node: String, from: String) throws {
            talk.now = talk.now + .milliseconds(1)
            let content = "#<delete node='\(node)'><redirect uri='xmpp:a'/></delete>"
            for content in [Self.create(node), content] {
                let outcome = try talk.set(content, from: from)
                #expect(outcome.error == nil)
                outcome.changes.forEach { store.apply($0) }
            }
        }
        try move("first", from: Self.other)
        let maximum = PubSubLimits.movedMaximum
        for number in 1...maximum { try move("n\(number)", from: Self.greedy) }
        try move("last", from: Self.other)
        for isLater in [false, true] {
            if isLater { try restart(&talk, store) }
            #expect(talk.service.moved.count == maximum)
            #expect(store.records.count == maximum)
            #expect(talk.service.moved["first"] != nil)
            #expect(talk.service.moved["last"] != nil)
            #expect(talk.service.moved["n2"] == nil)
            #expect(talk.service.moved["n3"] != nil)
            #expect(talk.service.moved["n\(maximum)"] != nil)
        }
        // The store knows whose they are, and how old.
        try move("later", from: Self.greedy)
        #expect(talk.service.moved["n3"] == nil)
        #expect(talk.service.moved["first"] != nil)
    }
}
