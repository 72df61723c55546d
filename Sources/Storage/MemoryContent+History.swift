package import Modules
package import XMPP

extension MemoryContent.Node {
    mutating func apply(_ change: HistoryChange) {
        switch change {
        case .save(let record):
            var records = history[record.resolution] ?? []
            records.removeAll { $0.start == record.start }
            let place = records.lastIndex { $0.start < record.start }
            records.insert(record, at: place.map { $0 + 1 } ?? 0)
            history[record.resolution] = records
        case .trim(let trim):
            var records = history[trim.resolution] ?? []
            records.removeAll { $0.start < trim.before }
            history[trim.resolution] = Self.newest(of: records, trim)
        }
    }

    /// The newest records that are within both bounds.
    private static func newest(of records: [HistoryRecord], _ trim: HistoryTrim) -> [HistoryRecord]
    {
        var bytes = 0
        let kept = records.reversed().prefix(trim.records).prefix { record in
            bytes += record.payload.count
            return bytes <= trim.bytes
        }
        return kept.reversed()
    }

    /// The records in the bounds of a query, in the order that it asks for.
    func history(_ query: HistoryQuery) -> [HistoryRecord] {
        guard let bounds = query.bounds else { return [] }
        let records = (history[query.resolution] ?? []).filter { bounds.contains($0.start) }
        return query.newestFirst ? records.reversed() : records
    }
}

extension MemoryStore {
    package func history(
        owner: JID,
        node: String,
        _ query: HistoryQuery
    ) throws -> [HistoryRecord] {
        Array(records(owner, node, query).prefix(max(query.limit, 0)))
    }

    package func historyUsage(
        owner: JID,
        node: String,
        _ query: HistoryQuery
    ) throws -> HistoryUsage {
        let records = records(owner, node, query)
        return HistoryUsage(
            records: records.count,
            bytes: records.reduce(0) { $0 + $1.payload.count }
        )
    }
}
