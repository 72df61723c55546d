import Foundation
import GRDB
package import Modules
package import XMPP

extension SQLiteStore {
    package func readNodes(_ body: (NodeRecord) throws -> Void) throws {
        try pool.read { database in
            let rows = try Row.fetchCursor(database, sql: "SELECT * FROM nodes ORDER BY owner")
            while let row = try rows.next() { try body(Self.node(row, database)) }
        }
    }

    package func nodes(of owner: JID) throws -> [NodeRecord] {
        try pool.read { database in
            let sql = "SELECT * FROM nodes WHERE owner = ?"
            return try Row.fetchAll(database, sql: sql, arguments: [owner.description])
                .map { try Self.node($0, database) }
        }
    }

    package func payloads(
        owner: JID,
        node: String,
        items: [String]
    ) throws -> [String: [UInt8]] {
        try pool.read { database in
            let statement = try database.cachedStatement(
                sql: """
                    SELECT payload FROM items
                    WHERE node = (SELECT id FROM nodes WHERE owner = ? AND name = ?) AND id = ?
                        AND payload IS NOT NULL
                    """
            )
            var result: [String: [UInt8]] = [:]
            for id in items {
                let arguments: StatementArguments = [owner.description, node, id]
                let payload = try Data.fetchOne(statement, arguments: arguments)
                result[id] = payload.map { [UInt8]($0) }
            }
            return result
        }
    }
}

// MARK: - Reading a node

extension SQLiteStore {
    private static func node(_ row: Row, _ database: Database) throws -> NodeRecord {
        let id: Int64 = row["id"]
        var record = NodeRecord(
            owner: try JID(stored: row["owner"]),
            node: row["name"],
            configuration: try fields(row["configuration"])
        )
        record.affiliations = try affiliations(id, database)
        record.subscriptions = try subscriptions(id, database)
        record.items = try items(id, database)
        return record
    }

    private static func fields(_ text: String) throws -> [String: [String]] {
        try JSONDecoder().decode([String: [String]].self, from: Data(text.utf8))
    }

    private static func affiliations(
        _ node: Int64,
        _ database: Database
    ) throws -> [JID: Affiliation] {
        let sql = "SELECT jid, affiliation FROM affiliations WHERE node = ?"
        let rows = try Row.fetchCursor(database.cachedStatement(sql: sql), arguments: [node])
        var result: [JID: Affiliation] = [:]
        while let row = try rows.next() {
            // A word of a later version grants nothing.
            result[try JID(stored: row[0])] = Affiliation(rawValue: row[1]) ?? .outcast
        }
        return result
    }

    private static func subscriptions(
        _ node: Int64,
        _ database: Database
    ) throws -> [SubscriptionRecord] {
        let sql = "SELECT id, jid, state, options FROM subscriptions WHERE node = ?"
        let rows = try Row.fetchCursor(database.cachedStatement(sql: sql), arguments: [node])
        var result: [SubscriptionRecord] = []
        while let row = try rows.next() {
            result.append(
                SubscriptionRecord(
                    id: row[0],
                    jid: try JID(stored: row[1]),
                    // A word of a later version gets nothing sent.
                    state: SubscriptionState(rawValue: row[2]) ?? .unconfigured,
                    stored: try fields(row[3])
                )
            )
        }
        return result
    }

    private static func items(
        _ node: Int64,
        _ database: Database
    ) throws -> [NodeRecord.StoredItem] {
        let statement = try database.cachedStatement(
            sql: """
                SELECT id, publisher, published, coalesce(created, published), length(payload),
                    CASE WHEN length(payload) <= \(PubSubLimits.payloadInMemoryMaximum)
                        AND sequence = (SELECT max(sequence) FROM items WHERE node = ?1)
                    THEN payload END
                FROM items WHERE node = ?1 ORDER BY sequence
                """
        )
        let rows = try Row.fetchCursor(statement, arguments: [node])
        var result: [NodeRecord.StoredItem] = []
        while let row = try rows.next() {
            let length: Int? = row[4]
            let payload: Data? = row[5]
            result.append(
                NodeRecord.StoredItem(
                    id: row[0],
                    publisher: try JID(stored: row[1]),
                    published: Instant(milliseconds: row[2]),
                    created: Instant(milliseconds: row[3]),
                    payload: payload.map { .bytes([UInt8]($0)) }
                        ?? (length == nil ? .absent : .stored),
                    bytes: length ?? 0
                )
            )
        }
        return result
    }
}

// MARK: - Writing

extension SQLiteStore {
    /// The number of a node by owner and name, inside a statement: publishing reads nothing first.
    static let nodeID = "(SELECT id FROM nodes WHERE owner = ? AND name = ?)"

    static func apply(_ change: PubSubChange, to database: Database) throws {
        switch change {
        case .saveNode(let owner, let node, let configuration):
            try saveNode(owner, node, configuration, database)
        case .deleteNode(let owner, let node):
            try run(database, "DELETE FROM nodes WHERE owner = ? AND name = ?", owner, node)
        case .saveItem(let owner, let node, let record, let trimming):
            try saveItem(owner, node, record, trimming, database)
        case .removeItems(let owner, let node, let ids):
            try removeItems(owner, node, ids, database)
        case .purge(let owner, let node):
            try run(database, "DELETE FROM items WHERE node = \(nodeID)", owner, node)
            try run(database, "DELETE FROM history WHERE node = \(nodeID)", owner, node)
        case .setAffiliation(let owner, let node, let jid, .none):
            let sql = "DELETE FROM affiliations WHERE node = \(nodeID) AND jid = ?"
            try run(database, sql, owner, node, jid.description)
        case .setAffiliation(let owner, let node, let jid, let affiliation):
            let sql = "INSERT OR REPLACE INTO affiliations VALUES (\(nodeID), ?, ?)"
            try run(database, sql, owner, node, jid.description, affiliation.rawValue)
        case .saveSubscription(let owner, let node, let record):
            let sql = "INSERT OR REPLACE INTO subscriptions VALUES (\(nodeID), ?, ?, ?, ?, ?)"
            let (jid, options) = (record.jid, try text(record.storedOptions))
            let state = record.state.rawValue
            try run(database, sql, owner, node, record.id, "\(jid)", "\(jid.bare)", state, options)
        case .removeSubscription(let owner, let node, let id):
            let sql = "DELETE FROM subscriptions WHERE node = \(nodeID) AND id = ?"
            try run(database, sql, owner, node, id)
        case .history(let owner, let node, let change):
            try apply(change, owner, node, to: database)
        }
    }

    static func run(
        _ database: Database,
        _ sql: String,
        _ owner: JID,
        _ node: String,
        _ others: (any DatabaseValueConvertible)?...
    ) throws {
        let arguments = StatementArguments([owner.description, node] + others)
        try database.cachedStatement(sql: sql).execute(arguments: arguments)
    }

    private static func saveNode(
        _ owner: JID,
        _ node: String,
        _ configuration: [String: [String]],
        _ database: Database
    ) throws {
        let text = try text(configuration)
        let sql = """
            INSERT INTO nodes (owner, name, configuration) VALUES (?, ?, ?)
            ON CONFLICT (owner, name) DO UPDATE SET configuration = excluded.configuration
            """
        try run(database, sql, owner, node, text)
    }

    private static func text(_ fields: [String: [String]]) throws -> String {
        if fields.isEmpty { return "{}" }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(fields), as: UTF8.self)
    }

    private static func saveItem(
        _ owner: JID,
        _ node: String,
        _ record: ItemRecord,
        _ trimming: [String],
        _ database: Database
    ) throws {
        let sql = """
            INSERT OR REPLACE INTO items (node, id, publisher, published, created, payload)
            VALUES (\(nodeID), ?, ?, ?, ?, ?)
            """
        let payload = record.payload.map { Data($0) }
        let (published, created) = (record.published.milliseconds, record.created.milliseconds)
        let publisher = record.publisher.description
        try run(database, sql, owner, node, record.id, publisher, published, created, payload)
        try removeItems(owner, node, trimming, database)
    }

    private static func removeItems(
        _ owner: JID,
        _ node: String,
        _ ids: [String],
        _ database: Database
    ) throws {
        let sql = "DELETE FROM items WHERE node = \(nodeID) AND id = ?"
        for id in ids { try run(database, sql, owner, node, id) }
    }
}
