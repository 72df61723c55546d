import Testing
import XMPP

@testable import Modules

// XEP-0248 §5.3, §6.1: what those are told who are subscribed to collections.
@Suite struct CollectionEventTests {
    private static let juliet = "juliet@example.org"

    /// `site` holds `rack`, which holds the leaf `host`; `site` holds the leaf `door` too.
    private func fleet() throws -> NodesConversation {
        var talk = NodesConversation.ofUsers()
        try talk.makeCollection("site")
        try talk.makeCollection("rack", ["collection": ["site"]])
        try talk.make("host", ["collection": ["rack"]])
        try talk.make("door", ["collection": ["site"]])
        return talk
    }

    private func publish(_ node: String, _ talk: inout NodesConversation) throws -> [String] {
        try talk.publish(node, "1", from: NodesConversation.romeo).toldWithHeaders
    }

    // §5.3.1: the event names the leaf, a header the collection.
    @Test func itemsComeWithTheNameOfTheCollection() throws {
        var talk = try fleet()
        try talk.follow("site", type: .items, depth: .all)
        #expect(try publish("host", &talk) == ["\(Self.juliet): host item 1 via site"])
        #expect(try publish("door", &talk) == ["\(Self.juliet): door item 1 via site"])
        try talk.make("elsewhere")
        #expect(try publish("elsewhere", &talk).isEmpty)
    }

    // §6.1: the default is of nodes, one level down.
    @Test func typeAndDepthSayWhatIsTold() throws {
        var talk = try fleet()
        try talk.follow("site")
        #expect(try publish("door", &talk).isEmpty)
        try talk.follow("site", type: .items, depth: .one)
        #expect(try publish("door", &talk) == ["\(Self.juliet): door item 1 via site"])
        #expect(try publish("host", &talk).isEmpty)
        try talk.follow("site", type: .all, depth: .all)
        #expect(try publish("host", &talk) == ["\(Self.juliet): host item 1 via site"])
    }

    // §3: any number of levels; none is the collection alone.
    @Test(arguments: [0, 1, 2, 17, Int.max])
    func depthIsAnyNumber(_ depth: Int) throws {
        var talk = try fleet()
        try talk.follow("site", type: .all, depth: .levels(depth))
        #expect(try publish("door", &talk).count == (depth >= 1 ? 1 : 0))
        #expect(try publish("host", &talk).count == (depth >= 2 ? 1 : 0))
        let made = try talk.make("gate", ["collection": ["site"]])
        #expect(made.told.count == (depth >= 1 ? 2 : 0))
        #expect(try talk.setUp("site", ["title": ["Site"]]).told.count == 1)
    }

    // §5.3.1.1: retractions and purges are events of items.
    @Test func whatGoesIsToldAsWhatComes() throws {
        let romeo = NodesConversation.romeo
        var talk = try fleet()
        _ = try publish("door", &talk)
        try talk.follow("site", type: .items)
        let retract = "<retract node='door' notify='1'><item id='1'/></retract>"
        #expect(
            try talk.set(retract, from: romeo).toldWithHeaders
                == ["\(Self.juliet): door retract 1 via site"]
        )
        #expect(
            try talk.set("#<purge node='door'/>", from: romeo).toldWithHeaders
                == ["\(Self.juliet): door purge via site"]
        )
    }

    // §5.3.1.2, §5.3.2: a node is made in a collection, changed and deleted.
    @Test func nodesAreToldOfWhoAsksForNodes() throws {
        let romeo = NodesConversation.romeo
        var talk = try fleet()
        try talk.follow("site")
        let made = try talk.make("gate", ["collection": ["site"], "notify_config": ["1"]])
        #expect(
            made.toldWithHeaders == [
                "\(Self.juliet): gate create via site", "\(Self.juliet): site associate gate",
            ]
        )
        #expect(
            try talk.setUp("gate", ["title": ["Gate"]]).toldWithHeaders
                == ["\(Self.juliet): gate configuration via site"]
        )
        #expect(
            try talk.set("#<delete node='gate'/>", from: romeo).toldWithHeaders == [
                "\(Self.juliet): gate delete via site", "\(Self.juliet): site dissociate gate",
            ]
        )
    }

    // §5.3.2: of what comes into a collection below, who asked for all levels.
    @Test func membershipIsToldAsFarUpAsIsAskedFor() throws {
        let paris = "paris@example.org/x"
        var talk = try fleet()
        try talk.make("new")
        try talk.follow("site", depth: .one)
        try talk.follow("site", from: paris, depth: .all)
        let come = try talk.associate("new", "rack")
        #expect(come.toldWithHeaders == ["paris@example.org: rack associate new via site"])
        #expect(
            try talk.associate("new", "rack", "dissociate").toldWithHeaders
                == ["paris@example.org: rack dissociate new via site"]
        )
    }

    // §5.3.2.1
    @Test func anAssociationShowsWhatTheNodeIs() throws {
        var talk = try fleet()
        try talk.follow("site")
        let made = try talk.make("gate", ["collection": ["site"], "title": ["Gate"]])
        let event = try #require(made.notifications.last)
        let stanza = event.stanza(to: try JID(Self.juliet))
        let collection = stanza.payload("event", Namespace.pubsubEvent)?.child("collection")
        #expect(collection?["node"] == "site")
        let associate = collection?.child("associate")
        #expect(associate?["node"] == "gate")
        let form = associate?.child("x", Namespace.dataForms).flatMap(DataForm.init)
        #expect(form?.formType == Namespace.pubsub + "#meta-data")
        #expect(form?["pubsub#title"] == ["Gate"])
    }

    // §7.2: a collection says in its configuration whether it tells of its children.
    @Test func aCollectionMayKeepItsChildrenToItself() throws {
        var talk = try fleet()
        try talk.follow("site")
        #expect(try talk.setUp("site", ["notify_config": ["0"]]).error == nil)
        let made = try talk.make("gate", ["collection": ["site"]])
        #expect(made.toldWithHeaders == ["\(Self.juliet): gate create via site"])
    }

    // §6.1.3: once for each type, however far down.
    @Test func aCollectionIsFollowedOnceForEachType() throws {
        var talk = try fleet()
        func subscribe(_ type: String, _ depth: String) throws -> String? {
            let form = NodesConversation.answers(
                SubscriptionOptions.formType,
                ["subscription_type": [type], "subscription_depth": [depth]]
            )
            let content =
                "<subscribe node='site' jid='\(Self.juliet)'/><options>\(form)</options>"
            return try talk.set(content, from: NodesConversation.juliet).error
        }
        #expect(try subscribe("nodes", "1") == nil)
        #expect(try subscribe("items", "all") == nil)
        #expect(try subscribe("items", "1") == "cancel conflict")
        #expect(try subscribe("nodes", "all") == "cancel conflict")
        #expect(talk.service.nodes["site"]?.subscriptions.count == 2)
        #expect(try publish("host", &talk) == ["\(Self.juliet): host item 1 via site"])
        let made = try talk.make("gate", ["collection": ["site"]])
        #expect(
            made.toldWithHeaders == [
                "\(Self.juliet): gate create via site", "\(Self.juliet): site associate gate",
            ]
        )
    }

    // MARK: Who may know

    // The access model of the leaf holds, whatever that of the collection (XEP-0248 §10.1 warns).
    @Test func aCollectionLeaksNothing() throws {
        var talk = try fleet()
        try talk.follow("site", type: .all, depth: .all)
        let secret = ["collection": ["site"], "access_model": ["whitelist"]]
        let made = try talk.make("secret", secret)
        #expect(made.told.isEmpty)
        #expect(try publish("secret", &talk).isEmpty)
        #expect(try talk.setUp("secret", ["notify_config": ["1"]]).told.isEmpty)
        let member = "<affiliation jid='\(Self.juliet)' affiliation='member'/>"
        _ = try talk.set(
            "#<affiliations node='secret'>\(member)</affiliations>",
            from: NodesConversation.romeo
        )
        #expect(try publish("secret", &talk) == ["\(Self.juliet): secret item 1 via site"])
    }

    // On an account what a contact is decides, and changes.
    @Test func contactsGetOfACollectionWhatTheyMayHave() throws {
        let friend = "friend@example.org/x"
        let agent = NodesConversation.agent
        var talk = NodesConversation()
        try talk.makeCollection("site", ["access_model": ["open"]], from: agent)
        try talk.make("open", ["collection": ["site"], "access_model": ["open"]], from: agent)
        try talk.make("mine", ["collection": ["site"]], from: agent)
        try talk.follow("site", from: friend, type: .items)
        #expect(try talk.publish("open", "1").told == ["friend@example.org: open item 1"])
        #expect(try talk.publish("mine", "1").told.isEmpty)
        _ = try talk.change("friend@example.org", to: Relation(presenceAuthorized: true))
        #expect(try talk.publish("mine", "2").told == ["friend@example.org: mine item 2"])
        _ = try talk.change("friend@example.org", to: Relation())
        #expect(try talk.publish("mine", "3").told.isEmpty)
        #expect(try talk.publish("open", "3").told == ["friend@example.org: open item 3"])
    }

    // What a subscriber is to the owner is found out again after a restart.
    @Test func subscribersOfCollectionsAreKnownAfterARestart() throws {
        let record = SubscriptionRecord(id: "s", jid: try JID("friend@example.org"))
        var root = NodeRecord(owner: NodesConversation.owner, node: "")
        root.subscriptions = [record]
        let mine = NodeRecord(owner: NodesConversation.owner, node: "mine")
        var talk = NodesConversation(nodes: [root, mine])
        talk.relations[record.jid] = Relation(presenceAuthorized: true)
        #expect(
            try talk.publish("mine", "1").toldWithHeaders
                == ["friend@example.org: mine item 1 via "]
        )
    }

    // MARK: Several ways to one address (XEP-0060 §6.1.6)

    @Test func oneMessageNamesAllSubscriptions() throws {
        var talk = try fleet()
        try talk.follow("host")
        try talk.follow("rack", type: .items)
        try talk.follow("site", type: .items, depth: .all)
        let outcome = try talk.publish("host", "1", from: NodesConversation.romeo)
        #expect(outcome.toldWithHeaders == ["\(Self.juliet): host item 1 via rack,site"])
        let notification = try #require(outcome.notifications.first)
        let recipient = try #require(notification.recipients.first)
        let written = String(decoding: notification.written(to: recipient), as: UTF8.self)
        #expect(written.components("name='SubID'") == 3)
        #expect(written.contains("<header name='Collection'>rack</header>"))
    }

    // Plans follow what comes into a collection, and what leaves it.
    @Test func deliveriesFollowTheGraph() throws {
        var talk = try fleet()
        try talk.make("late")
        try talk.follow("site", type: .items, depth: .all)
        #expect(try publish("late", &talk).isEmpty)
        _ = try talk.associate("late", "rack")
        #expect(try publish("late", &talk) == ["\(Self.juliet): late item 1 via site"])
        _ = try talk.associate("rack", "site", "dissociate")
        #expect(try publish("late", &talk).isEmpty)
        _ = try talk.associate("rack", "site")
        #expect(try publish("host", &talk) == ["\(Self.juliet): host item 1 via site"])
        _ = try talk.set("#<delete node='rack'/>", from: NodesConversation.romeo)
        #expect(try publish("host", &talk).isEmpty)
        #expect(try publish("door", &talk) == ["\(Self.juliet): door item 1 via site"])
        let leave = "<unsubscribe node='site' jid='\(Self.juliet)'/>"
        #expect(try talk.set(leave, from: NodesConversation.juliet).error == nil)
        #expect(try publish("door", &talk).isEmpty)
        #expect(talk.service.collectionsSubscribed.isEmpty)
        #expect(talk.service.relations.isEmpty && talk.service.unrelated.isEmpty)
    }

    // MARK: The root (§8.1; pubsub.md §1.9, 30)

    @Test func theRootHoldsWhatIsNowhereElse() throws {
        var talk = try fleet()
        let subscribe = "<subscribe jid='\(Self.juliet)'/>"
        let answer = try talk.set(subscribe, from: NodesConversation.juliet)
        #expect(answer.error == nil)
        #expect(
            answer.changes.first
                == .saveNode(owner: talk.service.owner, node: "", configuration: [:])
        )
        let made = try talk.make("new")
        #expect(
            made.toldWithHeaders == [
                "\(Self.juliet):  associate new", "\(Self.juliet): new create via ",
            ]
        )
        #expect(try talk.make("deep", ["collection": ["site"]]).told.isEmpty)
        let list = try talk.get("<subscriptions/>", from: NodesConversation.juliet)
        #expect(list.reply?.payload?.child("subscriptions")?.elements.first?["node"] == "")
        let leave = "<unsubscribe jid='\(Self.juliet)'/>"
        let left = try talk.set(leave, from: NodesConversation.juliet)
        #expect(left.changes.contains(.deleteNode(owner: talk.service.owner, node: "")))
        #expect(talk.service.patterns.isEmpty)
    }

    // XEP-0163 §6: the account's address is the root of its nodes.
    @Test func anAccountIsTheRootOfItsNodes() throws {
        let friend = "friend@example.org/x"
        var talk = NodesConversation()
        let subscribe = "<subscribe node='' jid='friend@example.org'/>"
        #expect(
            try talk.set(subscribe, from: friend).error
                == "auth not-authorized presence-subscription-required"
        )
        _ = try talk.change("friend@example.org", to: Relation(presenceAuthorized: true))
        try talk.follow("", from: friend, type: .items)
        #expect(
            try talk.publish("mood", "1").toldWithHeaders
                == ["friend@example.org: mood item 1 via "]
        )
        #expect(try talk.change("friend@example.org", to: Relation()).changes.count == 2)
        #expect(try talk.publish("mood", "2").told.isEmpty)
    }

    // XEP-0060 §6.1.7: a subscription to items begins with the last ones, as far down as it goes.
    @Test func aNewSubscriptionBeginsWithTheLastItems() throws {
        var talk = try fleet()
        _ = try publish("host", &talk)
        _ = try publish("door", &talk)
        let leaves = talk.service.leaves(below: "site", .one).map(\.name)
        #expect(leaves == ["door"])
        #expect(Set(talk.service.leaves(below: "", .all).map(\.name)) == ["door", "host"])
        #expect(talk.service.leaves(below: "", .one).isEmpty)
        #expect(try talk.follow("site").told.isEmpty)
    }

    // The mirrors of the hosts are in no collections.
    @Test func theFleetHasNoRoot() throws {
        var talk = NodesConversation(profile: .fleet())
        #expect(
            try talk.set("<subscribe jid='\(Self.juliet)'/>", from: NodesConversation.juliet).error
                == "modify bad-request nodeid-required"
        )
    }
}

extension String {
    /// How often a text is in it.
    fileprivate func components(_ text: String) -> Int {
        var rest = self[...]
        var count = 0
        while let range = rest.firstRange(of: text) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}
