import Foundation
import GRDB
import Modules
import Testing
import XMPP

@testable import Storage

@Suite struct SQLiteStoreTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    @Test func writesWithFullSynchronisationInWAL() throws {
        let store = try SQLiteStore(path: scratch.database)
        let settings = try store.pool.writeWithoutTransaction { database in
            (
                synchronous: try Int.fetchOne(database, sql: "PRAGMA synchronous"),
                journal: try String.fetchOne(database, sql: "PRAGMA journal_mode"),
                foreignKeys: try Bool.fetchOne(database, sql: "PRAGMA foreign_keys")
            )
        }
        #expect(settings.synchronous == 2)
        #expect(settings.journal == "wal")
        #expect(settings.foreignKeys == true)
        // Not only before the first transaction.
        try store.apply(.account(.save(.sample("alice"))))
        let after = try store.pool.writeWithoutTransaction {
            try Int.fetchOne($0, sql: "PRAGMA synchronous")
        }
        #expect(after == 2)
    }

    @Test func closingLeavesOneFile() throws {
        let store = try SQLiteStore(path: scratch.database)
        try store.apply(.account(.save(.sample("alice"))))
        #expect(try store.accounts.count == 1)
        try store.close()
        let files = try FileManager.default.contentsOfDirectory(atPath: scratch.path)
        #expect(files == ["lapwing.sqlite"])
    }

    @Test func everyTableIsStrict() throws {
        let store = try SQLiteStore(path: scratch.database)
        let loose = try store.pool.read { database in
            try String.fetchAll(
                database,
                sql: """
                    SELECT name FROM pragma_table_list
                    WHERE schema = 'main' AND type = 'table' AND strict = 0
                    AND name NOT LIKE 'sqlite_%' AND name <> 'grdb_migrations'
                    """
            )
        }
        #expect(loose == [])
    }

    @Test func leavesADatabaseOfALaterVersionAlone() throws {
        do {
            let store = try SQLiteStore(path: scratch.database)
            try store.pool.write {
                try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('Add the future')")
            }
            try store.close()
        }
        let error = #expect(throws: StoreError.self) { try SQLiteStore(path: scratch.database) }
        #expect(error?.reason == .tooNew)
        #expect(error?.description.contains("later version") == true)
    }

    @Test func saysWhenTheFileIsNotADatabase() throws {
        let noise = Data(repeating: 7, count: 8192)
        try noise.write(to: URL(fileURLWithPath: scratch.database))
        let error = #expect(throws: StoreError.self) { try SQLiteStore(path: scratch.database) }
        #expect(error?.description.contains("damaged") == true)
    }

    @Test func aFullDiskFailsTheChangeAndRoomMakesItWork() throws {
        let store = try SQLiteStore(path: scratch.database)
        try store.limitPages(to: 1)
        let error = #expect(throws: StoreError.self) {
            for index in 0..<500 { try store.apply(.account(.save(.sample("u\(index)")))) }
        }
        #expect(error?.reason == .full)
        let before = try store.accounts.count
        try store.limitPages(to: 100_000)
        try store.apply(.account(.save(.sample("alice"))))
        #expect(try store.accounts.count == before + 1)
    }
}

extension SQLiteStore {
    /// Simulates a disk with room for so many pages; a database keeps those that it has.
    func limitPages(to count: Int) throws {
        try pool.writeWithoutTransaction {
            _ = try Int.fetchOne($0, sql: "PRAGMA max_page_count = \(count)")
        }
    }
}
