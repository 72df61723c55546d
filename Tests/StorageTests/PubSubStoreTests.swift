import Modules
import Storage
import Testing
import XMPP

@Suite struct PubSubStoreTests {
    let scratch: Scratch
    private let owner = JID.account("alice")
    private let bob = JID.account("bob")

    init() throws {
        scratch = try Scratch()
    }

    private func open(_ kind: StoreKind, _ changes: PubSubChange...) throws -> any Store {
        let store = try scratch.open(kind)
        try store.apply(.account(.save(.sample("alice"))), .account(.save(.sample("bob"))))
        try store.apply(changes.map { .pubsub($0) })
        return store
    }

    private func item(_ id: String, at time: Int64 = 1, bytes: Int = 3) -> ItemRecord {
        let payload = [UInt8](repeating: UInt8(ascii: "x"), count: bytes)
        return ItemRecord(
            id: id,
            publisher: owner,
            published: Instant(milliseconds: time),
            payload: payload
        )
    }

    private func save(_ item: ItemRecord, trimming: [String] = []) -> PubSubChange {
        .saveItem(owner: owner, node: "n", item, trimming: trimming)
    }

    private var node: PubSubChange { .saveNode(owner: owner, node: "n", configuration: [:]) }

    private func theNode(_ store: any Store) throws -> NodeRecord {
        let nodes = try store.nodes(of: owner)
        try #require(nodes.count == 1)
        return nodes[0]
    }

    @Test(arguments: StoreKind.allCases)
    func keepsNodesWithAllThatBelongsToThem(kind: StoreKind) throws {
        let configuration = ["pubsub#title": ["Ä \"b\""], "pubsub#children": ["a", "b"]]
        let session = JID(normalizedLocal: "bob", domain: "example.org", resource: "r/1@x")
        var options = SubscriptionOptions()
        options.expiry = .at(Instant(milliseconds: 1_800_000_000_123))
        options.shows = [.chat, .online]
        options.filter = "level >= warning and item = \"Ä\""
        let subscription = SubscriptionRecord(
            id: "s",
            jid: session,
            state: .pending,
            options: options,
            maker: owner
        )
        let store = try open(
            kind,
            node,
            .saveNode(owner: owner, node: "n", configuration: configuration),
            .setAffiliation(owner: owner, node: "n", owner, .owner),
            .setAffiliation(owner: owner, node: "n", bob, .publishOnly),
            .saveSubscription(owner: owner, node: "n", subscription),
            save(item("current", at: 5))
        )
        var seen: [NodeRecord] = []
        try store.readNodes { seen.append($0) }
        #expect(seen == [try theNode(store)])
        let record = try theNode(store)
        #expect(record.configuration == configuration)
        #expect(record.affiliations == [owner: .owner, bob: .publishOnly])
        #expect(record.subscriptions == [subscription])
        let expected = NodeRecord.StoredItem(
            id: "current",
            publisher: owner,
            published: Instant(milliseconds: 5),
            payload: .bytes(Array("xxx".utf8)),
            bytes: 3
        )
        #expect(record.items == [expected])
    }

    @Test(arguments: StoreKind.allCases)
    func anItemPublishedAgainIsTheNewest(kind: StoreKind) throws {
        let store = try open(kind, node, save(item("a")), save(item("b")), save(item("a", at: 9)))
        let items = try theNode(store).items
        #expect(items.map(\.id) == ["b", "a"])
        #expect(items.last?.published == Instant(milliseconds: 9))
        #expect(items.map(\.payload) == [.stored, .bytes(Array("xxx".utf8))])
        #expect(items.map(\.bytes) == [3, 3])
    }

    @Test(arguments: StoreKind.allCases)
    func trimsWhatAnItemDisplaces(kind: StoreKind) throws {
        let store = try open(kind, node, save(item("a")), save(item("b")))
        try store.apply(.pubsub(save(item("c"), trimming: ["a", "gone"])))
        #expect(try theNode(store).items.map(\.id) == ["b", "c"])
    }

    @Test(arguments: StoreKind.allCases)
    func leavesLargeAndColdPayloadsForLater(kind: StoreKind) throws {
        let store = try open(kind, node, save(item("a")), save(item("large", bytes: 8193)))
        #expect(try theNode(store).items.map(\.payload) == [.stored, .stored])
        let loaded = try store.payloads(owner: owner, node: "n", items: ["large", "a", "gone"])
        #expect(loaded.mapValues(\.count) == ["large": 8193, "a": 3])
        try store.apply(.pubsub(save(item("fits", bytes: 8192))))
        let last = try theNode(store).items.last?.payload
        #expect(last == .bytes([UInt8](repeating: UInt8(ascii: "x"), count: 8192)))
    }

    @Test(arguments: StoreKind.allCases)
    func tellsNoPayloadFromAnEmptyOne(kind: StoreKind) throws {
        var bare = item("bare")
        bare.payload = nil
        let store = try open(kind, node, save(bare))
        #expect(try theNode(store).items.map(\.payload) == [.absent])
        try store.apply(.pubsub(save(item("empty", bytes: 0))))
        #expect(try theNode(store).items.map(\.payload) == [.absent, .bytes([])])
        let loaded = try store.payloads(owner: owner, node: "n", items: ["bare", "empty"])
        #expect(loaded == ["empty": []])
    }

    @Test(arguments: StoreKind.allCases)
    func retractsAndPurges(kind: StoreKind) throws {
        let store = try open(kind, node, save(item("a")), save(item("b")), save(item("c")))
        let gone = PubSubChange.removeItems(owner: owner, node: "n", ["b", "never"])
        try store.apply(.pubsub(gone))
        #expect(try theNode(store).items.map(\.id) == ["a", "c"])
        try store.apply(.pubsub(.purge(owner: owner, node: "n")))
        #expect(try theNode(store).items.isEmpty)
    }

    @Test(arguments: StoreKind.allCases)
    func endsAffiliationsAndSubscriptions(kind: StoreKind) throws {
        let store = try open(
            kind,
            node,
            .setAffiliation(owner: owner, node: "n", bob, .member),
            .setAffiliation(owner: owner, node: "n", bob, .none),
            .saveSubscription(owner: owner, node: "n", SubscriptionRecord(id: "s", jid: bob)),
            .saveSubscription(owner: owner, node: "n", SubscriptionRecord(id: "t", jid: bob)),
            .removeSubscription(owner: owner, node: "n", id: "s")
        )
        #expect(try theNode(store).affiliations.isEmpty)
        #expect(try theNode(store).subscriptions == [SubscriptionRecord(id: "t", jid: bob)])
    }

    @Test(arguments: StoreKind.allCases)
    func aNodeMadeAgainIsEmpty(kind: StoreKind) throws {
        let store = try open(
            kind,
            node,
            save(item("a")),
            .setAffiliation(owner: owner, node: "n", bob, .owner),
            .saveSubscription(owner: owner, node: "n", SubscriptionRecord(id: "s", jid: bob)),
            .deleteNode(owner: owner, node: "n"),
            node
        )
        #expect(try theNode(store) == NodeRecord(owner: owner, node: "n"))
    }

    @Test(arguments: StoreKind.allCases)
    func refusesWhatNamesNoNode(kind: StoreKind) throws {
        let store = try open(kind)
        let nowhere: [PubSubChange] = [
            save(item("a")),
            .setAffiliation(owner: owner, node: "n", bob, .owner),
            .saveSubscription(owner: owner, node: "n", SubscriptionRecord(id: "s", jid: bob)),
        ]
        for change in nowhere {
            let error = #expect(throws: StoreError.self) { try store.apply(.pubsub(change)) }
            #expect(error?.reason == .invalid)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func anAccountMadeAgainHasNoNodesAndNoPlaceInOthers(kind: StoreKind) throws {
        let session = JID(normalizedLocal: "alice", domain: "example.org", resource: "r")
        let store = try open(
            kind,
            node,
            save(item("a")),
            .saveNode(owner: bob, node: "m", configuration: [:]),
            .setAffiliation(owner: bob, node: "m", owner, .owner),
            .saveSubscription(owner: bob, node: "m", SubscriptionRecord(id: "s", jid: session))
        )
        try store.apply(.account(.remove(owner)), .account(.save(.sample("alice"))))
        #expect(try store.nodes(of: owner).isEmpty)
        #expect(try store.nodes(of: bob) == [NodeRecord(owner: bob, node: "m")])
    }

    @Test func theKeyOfUnknownAccountsOutlivesTheProcess() throws {
        let first = try SQLiteStore(path: scratch.database)
        let key = try first.pretenceKey()
        try first.close()
        #expect(key.count == 32)
        #expect(try SQLiteStore(path: scratch.database).pretenceKey() == key)
        let other = try Scratch()
        #expect(try SQLiteStore(path: other.database).pretenceKey() != key)
    }
}
