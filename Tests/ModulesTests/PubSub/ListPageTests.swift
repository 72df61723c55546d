import Testing
import XMPP

@testable import Modules

/// Pages of lists of nodes, subscriptions and affiliations (XEP-0059).
@Suite struct ListPageTests {
    private static let limit = PubSubLimits.listedEntriesMaximum

    private func set(_ page: String) -> String {
        "<set xmlns='\(ResultSetRequest.namespace)'>\(page)</set>"
    }

    /// The values of an attribute in a reply's list, and what is said of the page.
    private func read(
        _ outcome: NodesConversation.Outcome,
        _ attribute: String
    ) throws -> (entries: [String], page: ResultSetAnswer?) {
        let payload = try #require(outcome.reply?.payload)
        let entries = payload.elements.first?.elements.compactMap { $0[attribute] } ?? []
        let answer = payload.child("set", ResultSetRequest.namespace)
        return (entries, answer.flatMap(ResultSetAnswer.init))
    }

    // What asks for no page is bounded, and then says of what it is a part.
    @Test(arguments: [0, 1])
    func boundsWhatAsksForNoPage(_ over: Int) throws {
        let all = (0..<(Self.limit + over)).map { "\($0)" }
        let page = try ListPage(all, nil) { $0 }
        #expect(page.entries == all.prefix(Self.limit))
        #expect((page.answer != nil) == (over > 0))
        #expect(page.answer?.count ?? all.count == all.count)
        let next = try ListPage(all, ResultSetRequest(.after("\(Self.limit - 1)"))) { $0 }
        #expect(next.entries.count == over)
    }

    @Test func pagesListsOfNodes() throws {
        var talk = NodesConversation()
        for name in ["a", "b", "c"] {
            _ = try talk.create(name, ["max_items": "5"])
        }
        for id in ["a", "b", "c"] { _ = try talk.publish("c", id) }
        func list(_ node: String?, _ page: ResultSetRequest?) throws -> DiscoItems {
            try talk.service.discoItems(
                node: node,
                page: page,
                for: NodesConversation.owner,
                relation: Relation(isOwner: true)
            )
        }
        let whole = try list(nil, nil)
        #expect(whole.items.compactMap(\.node) == ["a", "b", "c"])
        #expect(whole.page == nil)
        let page = try list(nil, ResultSetRequest(.after("a"), max: 1))
        #expect(page.items.compactMap(\.node) == ["b"])
        #expect(page.page == ResultSetAnswer(first: "b", last: "b", index: 1, count: 3))
        #expect(DiscoItems(page.element) == page)
        let items = try list("c", ResultSetRequest(.last, max: 2))
        #expect(items.items.compactMap(\.name) == ["b", "c"])
        #expect(items.page?.count == 3)
        #expect(try list("c", nil).page == nil)
        let count = try list("c", ResultSetRequest(max: 0))
        #expect(count.items.isEmpty)
        #expect(count.page == ResultSetAnswer(index: 0, count: 3))
        #expect(throws: StanzaError.self) { try list(nil, ResultSetRequest(.after("x"))) }
    }

    @Test func pagesSubscriptionsAndAffiliations() throws {
        var talk = NodesConversation()
        let viewer = "v@example.org/top"
        for name in ["a", "b", "c"] {
            _ = try talk.create(name, ["access_model": "open"])
            _ = try talk.subscribe(viewer, name)
        }
        _ = try talk.subscribe("w@example.org/top", "a")
        let one = set("<max>1</max>")
        let own = try read(try talk.get("<subscriptions/>" + one, from: viewer), "node")
        #expect(own.entries == ["a"])
        #expect(own.page?.count == 3)
        let id = try #require(own.page?.last)
        let after = set("<max>1</max><after>\(id)</after>")
        #expect(
            try read(try talk.get("<subscriptions/>" + after, from: viewer), "node").entries
                == ["b"]
        )
        let all = try read(try talk.get("<subscriptions/>", from: viewer), "node")
        #expect(all.entries.count == 3)
        #expect(all.page == nil)
        let held = try read(try talk.get("<affiliations/>" + set("<before/><max>1</max>")), "node")
        #expect(held.entries == ["c"])
        #expect(held.page?.index == 2)
        let subscribers = try read(try talk.get("#<subscriptions node='a'/>" + one), "jid")
        #expect(subscribers.entries.count == 1)
        #expect(subscribers.page?.count == 2)
        let affiliations = try read(try talk.get("#<affiliations node='a'/>" + one), "jid")
        #expect(affiliations.entries == ["\(NodesConversation.owner)"])
        #expect(affiliations.page?.count == 1)
        let unknown = try talk.get("<subscriptions/>" + set("<after>x</after>"), from: viewer)
        #expect(unknown.error == "cancel item-not-found")
    }
}
