import Foundation
import GRDB
import Modules
import Testing
import XMPP

@testable import Storage

/// Databases that earlier versions wrote.
///
/// The schemas here are theirs, word for word, and stay as they are whatever later ones become.
@Suite struct MigrationTests {
    /// A version, by what its database could do.
    enum Version: Int, CaseIterable, Sendable {
        case withoutHistory, withoutCreation
    }

    let scratch: Scratch
    private let owner = JID.account("web1")

    init() throws {
        scratch = try Scratch()
    }

    /// Writes a database as that version did, with something in every table.
    private func write(_ version: Version) throws {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("Create accounts, group members and rosters") { database in
            try database.execute(sql: Self.accountsAndRosters)
        }
        migrator.registerMigration("Create nodes, items and subscriptions") { database in
            try database.execute(sql: Self.nodes)
        }
        if version.rawValue >= Version.withoutCreation.rawValue {
            migrator.registerMigration("Create the history of nodes") { database in
                try database.execute(sql: Self.history)
            }
        }
        let pool = try DatabasePool(path: scratch.database)
        try migrator.migrate(pool)
        try pool.write { database in
            try database.execute(sql: Self.rows)
            if version.rawValue >= Version.withoutCreation.rawValue {
                try database.execute(
                    sql: "INSERT INTO history VALUES (1, 60, 1700000040000, x'3C612F3E')"
                )
            }
        }
        try pool.close()
    }

    @Test(arguments: Version.allCases)
    func keepsAllThatAnEarlierVersionWrote(_ version: Version) throws {
        try write(version)
        let store = try SQLiteStore(path: scratch.database)
        #expect(try store.accounts.map(\.jid) == [owner])
        #expect(try store.accounts.first?.credentials.sha256.iterations == 10_000)
        #expect(try store.pretenceKey() == Array(repeating: 7, count: 32))
        #expect(try store.memberships == [GroupMembership(group: "hosts", member: owner)])
        let contact = try #require(try store.rosters[owner]?.first)
        #expect(contact.jid == .account("boss"))
        #expect(contact.groups == ["a", "b"])
        #expect(contact.to && contact.from)

        let nodes = try store.nodes(of: owner)
        #expect(nodes.map(\.node) == ["urn:lapwing:1#cpu"])
        let node = try #require(nodes.first)
        #expect(node.configuration == ["pubsub#max_items": ["2"]])
        #expect(node.affiliations == [.account("boss"): .member])
        #expect(node.subscriptions.map(\.id) == ["s1"])
        #expect(node.subscriptions.first?.state == .subscribed)
        // In the order of publishing; what was not kept then is when they were published.
        #expect(node.items.map(\.id) == ["old", "current"])
        #expect(node.items.map(\.created.milliseconds) == [1_700_000_000_000, 1_700_000_060_000])
        #expect(node.items.map(\.created) == node.items.map(\.published))
        #expect(node.items.last?.payload == .bytes(Array("<b/>".utf8)))
        let cold = try store.payloads(owner: owner, node: node.node, items: ["old"])
        #expect(cold == ["old": Array("<a/>".utf8)])

        let kept = try store.history(owner: owner, node: node.node, HistoryQuery(.minute))
        let record = HistoryRecord(
            .minute,
            start: Instant(milliseconds: 1_700_000_040_000),
            payload: Array("<a/>".utf8)
        )
        #expect(kept == (version == .withoutHistory ? [] : [record]))
        try store.close()
    }

    // What the earlier version could not keep is kept from here on, through another start.
    @Test(arguments: Version.allCases)
    func keepsWhatComesAfterTheMigration(_ version: Version) throws {
        try write(version)
        let node = "urn:lapwing:1#cpu"
        let moment = Instant(milliseconds: 1_800_000_000_000)
        let record = HistoryRecord(.hour, start: moment, payload: Array("<c/>".utf8))
        let item = ItemRecord(
            id: "current",
            publisher: owner,
            published: moment,
            created: Instant(milliseconds: 1_700_000_060_000),
            payload: Array("<d/>".utf8)
        )
        let first = try SQLiteStore(path: scratch.database)
        try first.apply(
            .pubsub(.history(owner: owner, node: node, .save(record))),
            .pubsub(.saveItem(owner: owner, node: node, item, trimming: ["old"]))
        )
        try first.close()
        let store = try SQLiteStore(path: scratch.database)
        #expect(try store.history(owner: owner, node: node, HistoryQuery(.hour)) == [record])
        let items = try #require(try store.nodes(of: owner).first).items
        #expect(items.map(\.id) == ["current"])
        #expect(items.first?.published == moment)
        #expect(items.first?.created == item.created)
        // The history goes with its node, as in a database that was made with it.
        try store.apply(.pubsub(.deleteNode(owner: owner, node: node)))
        let left = try store.pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM history") }
        #expect(left == 0)
        try store.close()
    }

    // Both ways lead to the same tables.
    @Test(arguments: Version.allCases)
    func endsWithTheSchemaOfANewDatabase(_ version: Version) throws {
        func schema(_ store: SQLiteStore) throws -> [String] {
            try store.pool.read { database in
                try String.fetchAll(
                    database,
                    sql: """
                        SELECT tables.name || '.' || columns.name || ' ' || columns.type
                        FROM sqlite_master AS tables
                        JOIN pragma_table_info(tables.name) AS columns
                        WHERE tables.type = 'table' ORDER BY 1
                        """
                )
            }
        }
        let other = try Scratch()
        try write(version)
        let (old, new) = try (
            SQLiteStore(path: scratch.database), SQLiteStore(path: other.database)
        )
        let expected = try schema(new)
        #expect(expected.contains("history.payload BLOB"))
        #expect(try schema(old) == expected)
        try old.close()
        try new.close()
    }
}

extension MigrationTests {
    private static let rows = """
        INSERT INTO accounts
            VALUES ('web1@example.org', x'01', 4096, x'02', x'03', x'04', 10000, x'05', x'06');
        UPDATE server_keys SET value =
            x'0707070707070707070707070707070707070707070707070707070707070707';
        INSERT INTO group_members VALUES ('hosts', 'web1@example.org');
        INSERT INTO roster_items VALUES
            ('web1@example.org', 'boss@example.org', 'Boss', 'a' || char(31) || 'b',
            1, 1, 0, 0, 0, 1);
        INSERT INTO nodes
            VALUES (1, 'web1@example.org', 'urn:lapwing:1#cpu', '{"pubsub#max_items":["2"]}');
        INSERT INTO affiliations VALUES (1, 'boss@example.org', 'member');
        INSERT INTO subscriptions VALUES
            (1, 's1', 'boss@example.org/top', 'boss@example.org', 'subscribed', '{}');
        INSERT INTO items VALUES (5, 1, 'old', 'web1@example.org', 1700000000000, x'3C612F3E');
        INSERT INTO items VALUES (9, 1, 'current', 'web1@example.org', 1700000060000, x'3C622F3E');
        """

    private static let accountsAndRosters = """
        CREATE TABLE accounts (
            jid TEXT NOT NULL PRIMARY KEY,
            sha1_salt BLOB NOT NULL,
            sha1_iterations INTEGER NOT NULL CHECK (sha1_iterations > 0),
            sha1_stored_key BLOB NOT NULL,
            sha1_server_key BLOB NOT NULL,
            sha256_salt BLOB NOT NULL,
            sha256_iterations INTEGER NOT NULL CHECK (sha256_iterations > 0),
            sha256_stored_key BLOB NOT NULL,
            sha256_server_key BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE server_keys (
            name TEXT NOT NULL PRIMARY KEY,
            value BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        INSERT INTO server_keys VALUES ('pretence', randomblob(32));

        CREATE TABLE group_members (
            group_name TEXT NOT NULL CHECK (group_name <> ''),
            member TEXT NOT NULL REFERENCES accounts (jid) ON DELETE CASCADE,
            PRIMARY KEY (group_name, member)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX group_members_by_member ON group_members (member);

        CREATE TABLE roster_items (
            owner TEXT NOT NULL REFERENCES accounts (jid) ON DELETE CASCADE,
            contact TEXT NOT NULL,
            name TEXT NOT NULL,
            groups TEXT NOT NULL,
            receives INTEGER NOT NULL CHECK (receives IN (0, 1)),
            sends INTEGER NOT NULL CHECK (sends IN (0, 1)),
            asking INTEGER NOT NULL CHECK (asking IN (0, 1)),
            asked INTEGER NOT NULL CHECK (asked IN (0, 1)),
            approved INTEGER NOT NULL CHECK (approved IN (0, 1)),
            listed INTEGER NOT NULL CHECK (listed IN (0, 1)),
            PRIMARY KEY (owner, contact)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX roster_items_by_contact ON roster_items (contact);
        """

    private static let nodes = """
        CREATE TABLE nodes (
            id INTEGER NOT NULL PRIMARY KEY,
            owner TEXT NOT NULL,
            name TEXT NOT NULL,
            configuration TEXT NOT NULL CHECK (json_valid(configuration)),
            UNIQUE (owner, name)
        ) STRICT;

        CREATE TABLE affiliations (
            node INTEGER NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
            jid TEXT NOT NULL,
            affiliation TEXT NOT NULL,
            PRIMARY KEY (node, jid)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX affiliations_by_jid ON affiliations (jid);

        CREATE TABLE subscriptions (
            node INTEGER NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
            id TEXT NOT NULL,
            jid TEXT NOT NULL,
            account TEXT NOT NULL,
            state TEXT NOT NULL,
            options TEXT NOT NULL CHECK (json_valid(options)),
            PRIMARY KEY (node, id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX subscriptions_by_account ON subscriptions (account);

        CREATE TABLE items (
            sequence INTEGER NOT NULL PRIMARY KEY,
            node INTEGER NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
            id TEXT NOT NULL,
            publisher TEXT NOT NULL,
            published INTEGER NOT NULL,
            payload BLOB,
            UNIQUE (node, id)
        ) STRICT;
        CREATE INDEX items_by_node ON items (node);
        """

    private static let history = """
        CREATE TABLE history (
            node INTEGER NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
            resolution INTEGER NOT NULL CHECK (resolution > 0),
            start INTEGER NOT NULL,
            payload BLOB NOT NULL,
            PRIMARY KEY (node, resolution, start)
        ) STRICT, WITHOUT ROWID;
        """
}
