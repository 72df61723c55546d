import Foundation
import GRDB
import Modules
import XMPP

/// The store in a SQLite file: one writer's connection, and two for readers that see a snapshot
/// while it writes (WAL).
package final class SQLiteStore: Store {
    /// Connections for reading: the start reads with one, cold payloads with the other.
    static let readersMaximum = 2
    /// Seconds to wait for another program that looks into the file, as a backup does.
    static let busySeconds = 5.0

    let pool: DatabasePool
    /// Touched inside `pool.writeWithoutTransaction` only: the pool lets one thread in at a time.
    private nonisolated(unsafe) let nodeWriter = NodeWriter()

    /// Opens or makes the database at `path` and brings its schema up to date.
    package init(path: String) throws(StoreError) {
        pool = try Self.reporting {
            var configuration = Configuration()
            configuration.foreignKeysEnabled = true
            configuration.maximumReaderCount = Self.readersMaximum
            configuration.busyMode = .timeout(Self.busySeconds)
            configuration.label = "store"
            let pool = try DatabasePool(path: path, configuration: configuration)
            try pool.writeWithoutTransaction { database in
                // GRDB leaves NORMAL after it has set up WAL, which loses acknowledged commits
                // when the power goes.
                try database.execute(sql: "PRAGMA synchronous = FULL")
            }
            try Self.migrate(pool)
            return pool
        }
    }

    package func pretenceKey() throws -> [UInt8] {
        let key = try pool.read {
            try Data.fetchOne($0, sql: "SELECT value FROM server_keys WHERE name = 'pretence'")
        }
        guard let key else { throw StoreError(.failed, "the key of unknown accounts is missing") }
        return [UInt8](key)
    }

    package func close() throws(StoreError) {
        try Self.reporting {
            pool.writeWithoutTransaction { _ in nodeWriter.close() }
            // The last connection to close tidies the log away, which only a writer's can.
            pool.invalidateReadOnlyConnections()
            try pool.close()
        }
    }

    package func apply(_ changes: [StoreChange]) throws(StoreError) {
        try Self.reporting {
            try pool.writeWithoutTransaction { database in
                do {
                    try database.inTransaction(.immediate) {
                        for change in changes { try apply(change, to: database) }
                        return .commit
                    }
                } catch {
                    nodeWriter.forget()
                    throw error
                }
            }
        }
    }

    private func apply(_ change: StoreChange, to database: Database) throws {
        switch change {
        case .account(let change):
            try Self.apply(change, to: database)
            if case .remove(let jid) = change { nodeWriter.forget(jid.bare) }
        case .roster(let change): try Self.apply(change, to: database)
        case .pubsub(let change): try nodeWriter.apply(change, to: database)
        case .superseded: break
        }
    }

    /// Runs `body`, its errors as ours.
    static func reporting<Result>(_ body: () throws -> Result) throws(StoreError) -> Result {
        do {
            return try body()
        } catch let error as StoreError {
            throw error
        } catch let error as DatabaseError {
            throw StoreError(error)
        } catch {
            throw StoreError(.failed, "\(error)")
        }
    }
}

extension StoreError {
    fileprivate init(_ error: DatabaseError) {
        let text = error.message ?? "the database failed"
        switch error.resultCode {
        case .SQLITE_FULL: self.init(.full, "the disk is full: \(text)")
        case .SQLITE_CONSTRAINT: self.init(.invalid, text)
        case .SQLITE_CANTOPEN: self.init(.failed, "the database file cannot be opened")
        case .SQLITE_NOTADB, .SQLITE_CORRUPT:
            self.init(.failed, "the database is damaged: \(text) (restore a backup)")
        default: self.init(.failed, "\(text) (SQLite \(error.extendedResultCode.rawValue))")
        }
    }
}

extension JID {
    /// An address as the store wrote it: normalised then, so that it need not be again.
    init(stored text: String) throws(StoreError) {
        let slash = text.firstIndex(of: "/")
        let head = slash.map { text[..<$0] } ?? text[...]
        let at = head.firstIndex(of: "@")
        let domain = at.map { head[head.index(after: $0)...] } ?? head
        guard !domain.isEmpty else { throw StoreError(.failed, "\"\(text)\" is not an address") }
        self.init(
            normalizedLocal: at.map { String(head[..<$0]) },
            domain: String(domain),
            resource: slash.map { String(text[text.index(after: $0)...]) }
        )
    }
}
