import GRDB
import Modules
import Testing
import XMPP

@testable import Storage

/// Items as they were before they were published again in place.
@Suite struct ItemMigrationTests {
    private let scratch: Scratch
    private let owner = JID.account("alice")

    init() throws {
        scratch = try Scratch()
    }

    /// A database as it was before items were published again in place.
    private func makeOld() throws {
        let pool = try DatabasePool(path: scratch.database)
        try SQLiteStore.migrator.migrate(pool, upTo: "Keep when items were created")
        try pool.write { database in
            try database.execute(
                sql: """
                    INSERT INTO nodes VALUES (1, 'alice@example.org', 'n', '{}');
                    INSERT INTO nodes VALUES (2, 'alice@example.org', 'm', '{}');
                    INSERT INTO items (sequence, node, id, publisher, published, payload) VALUES
                        (1, 1, 'b', 'alice@example.org', 5, x'3c782f3e'),
                        (2, 2, 'z', 'alice@example.org', 6, x'3c782f3e'),
                        (3, 1, 'a', 'alice@example.org', 7, NULL);
                    UPDATE items SET created = 4 WHERE id = 'a';
                    """
            )
        }
        try pool.close()
    }

    @Test func itemsKeepTheirOrderAndTheirTimes() throws {
        try makeOld()
        let store = try SQLiteStore(path: scratch.database)
        let node = try #require(try store.nodes(of: owner).first { $0.node == "n" })
        #expect(node.items.map(\.id) == ["b", "a"])
        #expect(node.items.map(\.published.milliseconds) == [5, 7])
        #expect(node.items.map(\.created.milliseconds) == [5, 4])
        #expect(node.items.map(\.payload) == [.stored, .absent])
        #expect(try store.payloads(owner: owner, node: "n", items: ["b"])["b"]?.count == 4)
        let problems = try store.pool.read {
            try Row.fetchAll($0, sql: "PRAGMA foreign_key_check").count
        }
        #expect(problems == 0)
    }

    @Test func whatIsPublishedThenIsNewerThanAllThatWas() throws {
        try makeOld()
        let store = try SQLiteStore(path: scratch.database)
        for id in ["c", "b"] {
            let record = ItemRecord(
                id: id,
                publisher: owner,
                published: Instant(milliseconds: 9),
                payload: nil
            )
            let change = PubSubChange.saveItem(owner: owner, node: "n", record, trimming: [])
            try store.apply(.pubsub(change))
        }
        let node = try #require(try store.nodes(of: owner).first { $0.node == "n" })
        #expect(node.items.map(\.id) == ["a", "c", "b"])
    }

    @Test func itemsOfAMigratedNodeGoWithIt() throws {
        try makeOld()
        let store = try SQLiteStore(path: scratch.database)
        try store.apply(.pubsub(.deleteNode(owner: owner, node: "n")))
        let left = try store.pool.read { try String.fetchAll($0, sql: "SELECT id FROM items") }
        #expect(left == ["z"])
    }
}
