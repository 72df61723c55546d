import CForgetfulVFS
import Foundation
import GRDB
import Modules
import Synchronization
import Testing
import XMPP

@testable import Storage

/// What was acknowledged is there after the power went: a disk that forgets what was not synced.
///
/// `kill -9` can't tell the difference: the system keeps what a dead process wrote.
@Suite struct DurabilityTests {
    private static let mark = "forgetful-"
    private let scratch: Scratch
    private let owner = JID.account("alice")

    init() throws {
        try #require(forgetful_register(Self.mark) == 0)
        scratch = try Scratch(Self.mark)
    }

    private func item(_ id: String) -> StoreChange {
        let record = ItemRecord(
            id: id,
            publisher: owner,
            published: Instant(milliseconds: 1),
            payload: Array("<x xmlns='y'/>".utf8)
        )
        return .pubsub(.saveItem(owner: owner, node: "n", record, trimming: []))
    }

    private var beginning: [StoreChange] {
        [
            .account(.save(.sample("alice"))),
            .pubsub(.saveNode(owner: owner, node: "n", configuration: [:])),
        ]
    }

    /// The items that are left after a crash at this moment, in a database that is sound.
    private func leftAfterCrash() throws -> Set<String> {
        let copy = try Scratch()
        try #require(forgetful_crash(scratch.path, copy.path) > 0)
        let store = try SQLiteStore(path: copy.database)
        let check = try store.pool.read { try String.fetchOne($0, sql: "PRAGMA integrity_check") }
        #expect(check == "ok")
        return Set(try store.nodes(of: owner).flatMap { $0.items.map(\.id) })
    }

    @Test func whatWasAcknowledgedSurvivesAtEveryMoment() async throws {
        let store = try SQLiteStore(path: scratch.database)
        let writer = StoreWriter(store)
        try await writer.apply(beginning)
        var acknowledged: Set<String> = []
        for index in 0..<40 {
            try await writer.apply([item("i\(index)")])
            acknowledged.insert("i\(index)")
            #expect(try leftAfterCrash() == acknowledged)
        }
        writer.close()
    }

    @Test func whatWasAcknowledgedSurvivesCheckpoints() async throws {
        let store = try SQLiteStore(path: scratch.database)
        let writer = StoreWriter(store)
        try await writer.apply(beginning)
        for index in 0..<10 {
            try await writer.apply([item("i\(index)")])
            if index % 3 == 0 {
                try store.checkpoint()
            }
            #expect(try leftAfterCrash().count == index + 1)
        }
        writer.close()
        #expect(try leftAfterCrash().count == 10)
    }

    @Test func whatManyWereToldAtOnceSurvives() async throws {
        let store = try SQLiteStore(path: scratch.database)
        let writer = StoreWriter(store)
        try await writer.apply(beginning)
        let before = forgetful_syncs(scratch.path)
        let acknowledged = Mutex<Set<String>>([])
        for index in 0..<500 {
            writer.submit([item("i\(index)")], .immediate) { result in
                if case .success = result { acknowledged.withLock { _ = $0.insert("i\(index)") } }
            }
        }
        try await writer.apply([])
        let told = acknowledged.withLock(\.self)
        #expect(told.count == 500)
        #expect(try leftAfterCrash().isSuperset(of: told))
        // Group commit: far fewer syncs than publishes.
        #expect(forgetful_syncs(scratch.path) - before < 500)
        writer.close()
    }

    @Test func aChangeBehindRidesAlongWithTheNextImmediateOne() async throws {
        let store = try SQLiteStore(path: scratch.database)
        let writer = StoreWriter(store)
        try await writer.apply(beginning)
        writer.submit([item("behind")], .behind)
        try await writer.apply([item("now")])
        #expect(try leftAfterCrash() == ["behind", "now"])
        writer.close()
    }

    /// Shows that the disk forgets: with less than FULL it takes back what was acknowledged.
    @Test func withoutFullSynchronisationItIsLost() async throws {
        let store = try SQLiteStore(path: scratch.database)
        let writer = StoreWriter(store)
        try await writer.apply(beginning)
        try store.relax()
        try await writer.apply([item("lost")])
        #expect(try leftAfterCrash() == [])
        writer.close()
    }
}

extension SQLiteStore {
    fileprivate func checkpoint() throws {
        try pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
    }

    fileprivate func relax() throws {
        try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = NORMAL") }
    }
}
