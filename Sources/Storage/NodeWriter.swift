import Foundation
import GRDB
import Modules
import XMPP

/// Writes what nodes keep, on the writer's connection and inside its transactions.
///
/// It remembers the numbers of nodes and a block of the numbers that order items. Both are good as
/// long as what was written stays: after a transaction that failed, ``forget()``.
final class NodeWriter {
    /// Nodes whose numbers are remembered, about 100 bytes each; past it, it begins again.
    static let nodesMaximum = 100_000
    /// How many numbers of the order of items are taken out of the database at a time.
    static let sequenceBlock: Int64 = 1 << 20

    /// What is said so often that it is prepared once.
    fileprivate enum Phrase {
        case findNode, reserve
        case saveItem, removeItem
        case saveRecord, trimOldRecords, trimSurplusRecords
        case saveSubscription, removeSubscription
    }

    private var statements: [Phrase: PreparedStatement] = [:]
    private var numbers: [JID: [String: Int64]] = [:]
    private var numberCount = 0
    /// What the next items to be published get.
    private var sequences: Range<Int64> = 0..<0

    /// Drops what a transaction has left in memory that was rolled back.
    func forget() {
        numbers = [:]
        numberCount = 0
        sequences = 0..<0
    }

    /// The account is gone, and its nodes with it.
    func forget(_ owner: JID) {
        numberCount -= numbers.removeValue(forKey: owner)?.count ?? 0
    }

    /// Ends its statements: a connection closes when it has none.
    func close() {
        statements = [:]
    }

    func apply(_ change: PubSubChange, to database: Database) throws {
        switch change {
        case .saveNode(let owner, let node, let configuration):
            let sql = """
                INSERT INTO nodes (owner, name, configuration) VALUES (?, ?, ?)
                ON CONFLICT (owner, name) DO UPDATE SET configuration = excluded.configuration
                """
            try run(database, sql, owner, node, Self.text(configuration))
        case .deleteNode(let owner, let node):
            if numbers[owner]?.removeValue(forKey: node) != nil { numberCount -= 1 }
            try run(database, "DELETE FROM nodes WHERE owner = ? AND name = ?", owner, node)
        case .saveItem(let owner, let node, let record, let trimming):
            let number = try require(owner, node, database)
            try save(record, number, database)
            try removeItems(trimming, number, database)
        case .removeItems(let owner, let node, let ids):
            guard let number = try number(owner, node, database) else { return }
            try removeItems(ids, number, database)
        case .purge(let owner, let node):
            try run(database, "DELETE FROM items WHERE node = \(Self.nodeID)", owner, node)
            try run(database, "DELETE FROM history WHERE node = \(Self.nodeID)", owner, node)
        case .setAffiliation(let owner, let node, let jid, .none):
            let sql = "DELETE FROM affiliations WHERE node = \(Self.nodeID) AND jid = ?"
            try run(database, sql, owner, node, jid.description)
        case .setAffiliation(let owner, let node, let jid, let affiliation):
            let sql = "INSERT OR REPLACE INTO affiliations VALUES (\(Self.nodeID), ?, ?)"
            try run(database, sql, owner, node, jid.description, affiliation.rawValue)
        case .saveSubscription(let owner, let node, let record):
            try save(record, require(owner, node, database), database)
        case .removeSubscription(let owner, let node, let id):
            guard let number = try number(owner, node, database) else { return }
            let remove = try statement(.removeSubscription, database)
            try remove.bind(1, number)
            try remove.bind(2, id)
            try remove.run()
        case .history(let owner, let node, .save(let record)):
            try save(record, require(owner, node, database), database)
        case .history(let owner, let node, .trim(let trim)):
            guard let number = try number(owner, node, database) else { return }
            try apply(trim, number, database)
        }
    }
}

// MARK: - Nodes

extension NodeWriter {
    /// The number of a node by owner and name, inside a statement.
    private static let nodeID = "(SELECT id FROM nodes WHERE owner = ? AND name = ?)"

    private func run(
        _ database: Database,
        _ sql: String,
        _ owner: JID,
        _ node: String,
        _ others: (any DatabaseValueConvertible)?...
    ) throws {
        let arguments = StatementArguments([owner.description, node] + others)
        try database.cachedStatement(sql: sql).execute(arguments: arguments)
    }

    private static func text(_ fields: [String: [String]]) throws -> String {
        if fields.isEmpty { return "{}" }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(fields), as: UTF8.self)
    }

    private func require(_ owner: JID, _ node: String, _ database: Database) throws -> Int64 {
        if let number = try number(owner, node, database) { return number }
        throw StoreError(.invalid, "\(owner) has no node \"\(node)\"")
    }

    private func number(_ owner: JID, _ node: String, _ database: Database) throws -> Int64? {
        if let number = numbers[owner]?[node] { return number }
        let find = try statement(.findNode, database)
        try find.bind(1, owner.description)
        try find.bind(2, node)
        guard let number = try find.number() else { return nil }
        if numberCount >= Self.nodesMaximum {
            numbers = [:]
            numberCount = 0
        }
        numbers[owner, default: [:]][node] = number
        numberCount += 1
        return number
    }
}

// MARK: - Items

extension NodeWriter {
    private func save(_ record: ItemRecord, _ node: Int64, _ database: Database) throws {
        let save = try statement(.saveItem, database)
        try save.bind(1, nextSequence(database))
        try save.bind(2, node)
        try save.bind(3, record.id)
        try save.bind(4, record.publisher.description)
        try save.bind(5, record.published.milliseconds)
        try save.bind(6, record.created.milliseconds)
        try save.run(7, record.payload)
    }

    private func removeItems(_ ids: [String], _ node: Int64, _ database: Database) throws {
        guard !ids.isEmpty else { return }
        let remove = try statement(.removeItem, database)
        try remove.bind(1, node)
        for id in ids {
            try remove.bind(2, id)
            try remove.run()
        }
    }

    /// A number above all that items have: of a block that nobody else gets, so that neither the
    /// items are searched for the highest nor each publish counts on the disk.
    private func nextSequence(_ database: Database) throws -> Int64 {
        if sequences.isEmpty {
            let reserve = try statement(.reserve, database)
            try reserve.bind(1, Self.sequenceBlock)
            guard let end = try reserve.number() else {
                throw StoreError(.failed, "the counter of items is missing (restore a backup)")
            }
            sequences = (end - Self.sequenceBlock)..<end
        }
        let next = sequences.lowerBound
        sequences = (next + 1)..<sequences.upperBound
        return next
    }
}

// MARK: - Subscriptions and history

extension NodeWriter {
    private func save(_ record: SubscriptionRecord, _ node: Int64, _ database: Database) throws {
        let save = try statement(.saveSubscription, database)
        try save.bind(1, node)
        try save.bind(2, record.id)
        try save.bind(3, record.jid.description)
        try save.bind(4, record.jid.bare.description)
        try save.bind(5, record.state.rawValue)
        try save.bind(6, Self.text(record.storedOptions))
        try save.run()
    }

    private func save(_ record: HistoryRecord, _ node: Int64, _ database: Database) throws {
        let save = try statement(.saveRecord, database)
        try save.bind(1, node)
        try save.bind(2, Int64(record.resolution.rawValue))
        try save.bind(3, record.start.milliseconds)
        try save.run(4, record.payload)
    }

    /// Age first, so that the walk for count and bytes is as short as it can be.
    private func apply(_ trim: HistoryTrim, _ node: Int64, _ database: Database) throws {
        let old = try statement(.trimOldRecords, database)
        try old.bind(1, node)
        try old.bind(2, Int64(trim.resolution.rawValue))
        try old.bind(3, trim.before.milliseconds)
        try old.run()
        let surplus = try statement(.trimSurplusRecords, database)
        try surplus.bind(1, node)
        try surplus.bind(2, Int64(trim.resolution.rawValue))
        try surplus.bind(3, Int64(trim.records))
        try surplus.bind(4, Int64(trim.bytes))
        try surplus.run()
    }
}

// MARK: - Statements

extension NodeWriter {
    private func statement(_ phrase: Phrase, _ database: Database) throws -> PreparedStatement {
        if let statement = statements[phrase] { return statement }
        let statement = try PreparedStatement(database, phrase.sql)
        statements[phrase] = statement
        return statement
    }
}

extension NodeWriter.Phrase {
    var sql: String {
        switch self {
        case .findNode: "SELECT id FROM nodes WHERE owner = ?1 AND name = ?2"
        case .reserve:
            "UPDATE counters SET value = value + ?1 WHERE name = 'items' RETURNING value"
        case .saveItem:
            // In place where there is one already: its place in the index stays.
            """
            INSERT INTO items (sequence, node, id, publisher, published, created, payload)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            ON CONFLICT (node, id) DO UPDATE SET
                sequence = excluded.sequence,
                publisher = excluded.publisher,
                published = excluded.published,
                created = excluded.created,
                payload = excluded.payload
            """
        case .removeItem: "DELETE FROM items WHERE node = ?1 AND id = ?2"
        case .saveRecord: "INSERT OR REPLACE INTO history VALUES (?1, ?2, ?3, ?4)"
        case .trimOldRecords:
            "DELETE FROM history WHERE node = ?1 AND resolution = ?2 AND start < ?3"
        case .trimSurplusRecords:
            """
            DELETE FROM history WHERE node = ?1 AND resolution = ?2 AND start <= (
                SELECT start FROM (
                    SELECT start, row_number() OVER newest AS records,
                        sum(length(payload)) OVER newest AS bytes
                    FROM history WHERE node = ?1 AND resolution = ?2
                    WINDOW newest AS (ORDER BY start DESC)
                ) WHERE records > ?3 OR bytes > ?4 ORDER BY start DESC LIMIT 1
            )
            """
        case .saveSubscription:
            "INSERT OR REPLACE INTO subscriptions VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
        case .removeSubscription: "DELETE FROM subscriptions WHERE node = ?1 AND id = ?2"
        }
    }
}
