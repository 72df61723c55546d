import Foundation
import GRDB
package import Modules
package import XMPP

extension SQLiteStore {
    package func history(
        owner: JID,
        node: String,
        _ query: HistoryQuery
    ) throws -> [HistoryRecord] {
        guard let bounds = query.bounds, query.limit > 0 else { return [] }
        let order = query.newestFirst ? "DESC" : "ASC"
        return try pool.read { database in
            let statement = try database.cachedStatement(
                sql: """
                    SELECT start, payload FROM history WHERE \(Self.inBounds)
                    ORDER BY start \(order) LIMIT ?
                    """
            )
            let arguments = Self.arguments(owner, node, query, bounds) + [query.limit]
            let rows = try Row.fetchCursor(statement, arguments: arguments)
            var records: [HistoryRecord] = []
            while let row = try rows.next() {
                let payload: Data = row[1]
                records.append(
                    HistoryRecord(
                        query.resolution,
                        start: Instant(milliseconds: row[0]),
                        payload: [UInt8](payload)
                    )
                )
            }
            return records
        }
    }

    package func historyUsage(
        owner: JID,
        node: String,
        _ query: HistoryQuery
    ) throws -> HistoryUsage {
        guard let bounds = query.bounds else { return HistoryUsage() }
        return try pool.read { database in
            let statement = try database.cachedStatement(
                sql: """
                    SELECT count(*), coalesce(sum(length(payload)), 0) FROM history
                    WHERE \(Self.inBounds)
                    """
            )
            let arguments = Self.arguments(owner, node, query, bounds)
            let row = try Row.fetchOne(statement, arguments: arguments)
            return row.map { HistoryUsage(records: $0[0], bytes: $0[1]) } ?? HistoryUsage()
        }
    }

    private static let inBounds = "node = \(nodeID) AND resolution = ? AND start BETWEEN ? AND ?"

    private static func arguments(
        _ owner: JID,
        _ node: String,
        _ query: HistoryQuery,
        _ bounds: ClosedRange<Instant>
    ) -> StatementArguments {
        [
            owner.description, node, query.resolution.rawValue, bounds.lowerBound.milliseconds,
            bounds.upperBound.milliseconds,
        ]
    }
}

extension SQLiteStore {
    static func apply(
        _ change: HistoryChange,
        _ owner: JID,
        _ node: String,
        to database: Database
    ) throws {
        switch change {
        case .save(let record):
            let sql = "INSERT OR REPLACE INTO history VALUES (\(nodeID), ?, ?, ?)"
            let resolution = record.resolution.rawValue
            let start = record.start.milliseconds
            try run(database, sql, owner, node, resolution, start, Data(record.payload))
        case .trim(let trim): try apply(trim, owner, node, to: database)
        }
    }

    /// Age first, so that the walk for count and bytes is as short as it can be.
    private static func apply(
        _ trim: HistoryTrim,
        _ owner: JID,
        _ node: String,
        to database: Database
    ) throws {
        let resolution = trim.resolution.rawValue
        let old = "DELETE FROM history WHERE node = \(nodeID) AND resolution = ? AND start < ?"
        try run(database, old, owner, node, resolution, trim.before.milliseconds)
        let theNode = "(SELECT id FROM nodes WHERE owner = ?1 AND name = ?2)"
        let surplus = """
            DELETE FROM history WHERE node = \(theNode) AND resolution = ?3 AND start <= (
                SELECT start FROM (
                    SELECT start, row_number() OVER newest AS records,
                        sum(length(payload)) OVER newest AS bytes
                    FROM history WHERE node = \(theNode) AND resolution = ?3
                    WINDOW newest AS (ORDER BY start DESC)
                ) WHERE records > ?4 OR bytes > ?5 ORDER BY start DESC LIMIT 1
            )
            """
        try run(database, surplus, owner, node, resolution, trim.records, trim.bytes)
    }
}
