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
                SELECT id, publisher, published, created, length(payload),
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
