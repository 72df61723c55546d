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

    private static let inBounds = """
        node = (SELECT id FROM nodes WHERE owner = ? AND name = ?)
            AND resolution = ? AND start BETWEEN ? AND ?
        """

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
