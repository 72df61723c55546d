import Modules
import Storage
import Testing
import XMPP

/// What the writer remembers of nodes and of the order of items is never another's.
@Suite struct NodeWriterTests {
    private let scratch: Scratch
    private let owner = JID.account("alice")
    private let bob = JID.account("bob")

    init() throws {
        scratch = try Scratch()
    }

    private func open() throws -> SQLiteStore { try SQLiteStore(path: scratch.database) }

    private func node(_ name: String, of owner: JID? = nil) -> StoreChange {
        .pubsub(.saveNode(owner: owner ?? self.owner, node: name, configuration: [:]))
    }

    private func save(_ id: String, to node: String = "n") -> StoreChange {
        let record = ItemRecord(
            id: id,
            publisher: owner,
            published: Instant(milliseconds: 1),
            payload: Array("<x/>".utf8)
        )
        return .pubsub(.saveItem(owner: owner, node: node, record, trimming: []))
    }

    /// A change that SQLite itself refuses.
    private var bad: StoreChange {
        .account(.join(GroupMembership(group: "g", member: .account("nobody"))))
    }

    private func items(_ store: SQLiteStore, of name: String = "n") throws -> [String] {
        try store.nodes(of: owner).first { $0.node == name }?.items.map(\.id) ?? []
    }

    private func expectsInvalid(_ change: StoreChange, _ store: SQLiteStore) {
        let error = #expect(throws: StoreError.self) { try store.apply(change) }
        #expect(error?.reason == .invalid)
    }

    @Test func aNodeThatWasDeletedTakesNoItems() throws {
        let store = try open()
        try store.apply(node("n"), save("a"))
        // The next node gets the number of the one that is gone.
        try store.apply(.pubsub(.deleteNode(owner: owner, node: "n")), node("other"))
        expectsInvalid(save("b"), store)
        #expect(try items(store, of: "other") == [])
    }

    @Test func theNodesOfARemovedAccountTakeNoItems() throws {
        let store = try open()
        try store.apply(.account(.save(.sample("alice"))), node("n"), save("a"))
        try store.apply(.account(.remove(owner)), node("other", of: bob))
        expectsInvalid(save("b"), store)
        #expect(try store.nodes(of: bob).first?.items == [])
    }

    @Test func aNodeThatWasTakenBackTakesNoItems() throws {
        let store = try open()
        expectsInvalid(bad, store)
        #expect(throws: StoreError.self) { try store.apply(node("n"), save("a"), bad) }
        try store.apply(node("other"))
        expectsInvalid(save("b"), store)
        #expect(try items(store, of: "other") == [])
    }

    @Test func aRefusedItemSpoilsNoLaterOne() throws {
        let store = try open()
        try store.apply(node("n"))
        expectsInvalid(save("a", to: "nowhere"), store)
        try store.apply(save("a"))
        #expect(try items(store) == ["a"])
    }

    @Test func itemsAreInTheOrderOfPublishingAcrossOpenings() throws {
        var store = try open()
        try store.apply(node("n"), save("a"), save("b"))
        try store.close()
        store = try open()
        try store.apply(save("c"))
        try store.apply(save("a"))
        #expect(try items(store) == ["b", "c", "a"])
        try store.close()
        store = try open()
        #expect(try items(store) == ["b", "c", "a"])
        try store.apply(save("b"))
        #expect(try items(store) == ["c", "a", "b"])
    }

    /// The block of numbers was taken back with the transaction that reserved it.
    @Test func itemsAreInTheOrderOfPublishingAfterARefusal() throws {
        var store = try open()
        try store.apply(node("n"))
        #expect(throws: StoreError.self) { try store.apply(save("a"), bad) }
        try store.apply(save("a"), save("b"))
        try store.close()
        store = try open()
        try store.apply(save("c"))
        #expect(try items(store) == ["a", "b", "c"])
    }
}
