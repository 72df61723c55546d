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

    // MARK: Subscriptions

    /// An owner subscribes somebody else.
    private static func subscribe(_ jid: String, _ node: String, as state: String) -> String {
        "#<subscriptions node='\(node)'><subscription jid='\(jid)' subscription='\(state)'/>"
            + "</subscriptions>"
    }

    // XEP-0060 §8.8.2: what others make for somebody takes nothing from their own.
    @Test func leavesRoomForTheSubscriptionsOfWhoIsSubscribed() throws {
        let (victim, third) = ("v@example.org/1", "t@example.org/1")
        var limits = PubSubLimits()
        limits.subscriptionsOfOne = 3
        limits.subscriptionsMadeForOne = 2
        var talk = NodesConversation.ofService(limits)
        var store = StoreModel()
        func set(_ content: String, from: String) throws -> String? {
            let outcome = try talk.set(content, from: from)
            outcome.changes.forEach { store.apply($0) }
            return outcome.error
        }
        func subscribe(_ node: String) throws -> String? {
            try set("<subscribe node='\(node)' jid='v@example.org'/>", from: victim)
        }
        let refused = "modify not-acceptable"
        for node in ["1", "2", "3", "4"] {
            #expect(try set(Self.create("g" + node), from: Self.greedy) == nil)
            #expect(try set(Self.create("t" + node), from: third) == nil)
        }
        func make(_ node: String, from: String, _ state: String = "subscribed") throws -> String? {
            try set(Self.subscribe("v@example.org", node, as: state), from: from)
        }
        #expect(try make("g1", from: Self.greedy) == nil)
        #expect(try make("g2", from: Self.greedy, "pending") == nil)
        // From another session, at another address: it is the same owner, and the same subscriber.
        let session = Self.subscribe("v@example.org/1", "g3", as: "subscribed")
        #expect(try set(session, from: "g@example.org/2") == refused)
        try restart(&talk, store)
        #expect(try make("g3", from: Self.greedy) == refused)
        // Neither another owner nor the subscriber is kept out by that.
        #expect(try make("t1", from: third) == nil)
        #expect(
            try set(Self.subscribe("w@example.org", "g3", as: "subscribed"), from: Self.greedy)
                == nil
        )
        for node in ["t2", "t3", "t4"] { #expect(try subscribe(node) == nil) }
        #expect(try subscribe("g4") == "wait policy-violation too-many-subscriptions")
        // One that there is costs nothing, and stays the owner's.
        #expect(try subscribe("g1") == nil)
        #expect(try talk.setOptions(victim, "g1", ["deliver": "0"]).error == nil)
        #expect(talk.service.subscriptionCounts[try JID("v@example.org")]?.own == 3)
        #expect(try make("g3", from: Self.greedy) == refused)
        // What ends leaves room, whoever ends it.
        #expect(try set("<unsubscribe node='g1' jid='v@example.org'/>", from: victim) == nil)
        #expect(try make("g3", from: Self.greedy) == nil)
        #expect(try set("#<delete node='g2'/>", from: Self.greedy) == nil)
        #expect(try make("g4", from: Self.greedy) == nil)
        // For oneself an owner subscribes as everybody does.
        #expect(
            try set(Self.subscribe("g@example.org", "g1", as: "subscribed"), from: Self.greedy)
                == nil
        )
        #expect(talk.service.subscriptionCounts[try JID("g@example.org")]?.own == 1)
        #expect(talk.service.subscriptionCounts[try JID("v@example.org")]?.made.count == 2)
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
