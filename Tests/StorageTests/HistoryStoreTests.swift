import Modules
import Storage
import Testing
import XMPP

@Suite struct HistoryStoreTests {
    let scratch: Scratch
    private let owner = JID.account("web1")
    private static let minute: Int64 = 60_000

    init() throws {
        scratch = try Scratch()
    }

    private func open(_ kind: StoreKind) throws -> any Store {
        let store = try scratch.open(kind)
        try store.apply(.account(.save(.sample("web1"))))
        try store.apply(.pubsub(.saveNode(owner: owner, node: "n", configuration: [:])))
        return store
    }

    private func record(
        _ minute: Int64,
        _ resolution: HistoryResolution = .minute,
        bytes: Int = 10
    ) -> HistoryRecord {
        HistoryRecord(
            resolution,
            start: Instant(milliseconds: minute * Self.minute),
            payload: [UInt8](repeating: UInt8(ascii: "x"), count: bytes)
        )
    }

    private func change(_ change: HistoryChange, node: String = "n") -> StoreChange {
        .pubsub(.history(owner: owner, node: node, change))
    }

    private func save(_ store: any Store, _ minutes: some Sequence<Int64>, bytes: Int = 10) throws {
        try store.apply(minutes.map { change(.save(record($0, bytes: bytes))) })
    }

    private func trim(
        _ store: any Store,
        before minute: Int64 = 0,
        records: Int = .max,
        bytes: Int = .max
    ) throws {
        let trim = HistoryTrim(
            .minute,
            before: Instant(milliseconds: minute * Self.minute),
            records: records,
            bytes: bytes
        )
        try store.apply(change(.trim(trim)))
    }

    private func minutes(_ store: any Store, _ query: HistoryQuery? = nil) throws -> [Int64] {
        try store.history(owner: owner, node: "n", query ?? HistoryQuery(.minute))
            .map { $0.start.milliseconds / Self.minute }
    }

    private func at(_ minute: Int64) -> Instant { Instant(milliseconds: minute * Self.minute) }

    @Test(arguments: StoreKind.allCases)
    func keepsRecordsInTheOrderOfTheirPeriods(kind: StoreKind) throws {
        let store = try open(kind)
        try save(store, [2, 0, 1])
        try store.apply(change(.save(record(0, .hour, bytes: 0))))
        #expect(try minutes(store) == [0, 1, 2])
        #expect(
            try store.history(owner: owner, node: "n", HistoryQuery(.hour))
                == [record(0, .hour, bytes: 0)]
        )
        #expect(
            try store.historyUsage(owner: owner, node: "n", HistoryQuery(.minute))
                == HistoryUsage(records: 3, bytes: 30)
        )
    }

    @Test(arguments: StoreKind.allCases)
    func replacesTheRecordOfTheSamePeriod(kind: StoreKind) throws {
        let store = try open(kind)
        try save(store, [0, 1])
        try save(store, [0], bytes: 99)
        #expect(try minutes(store) == [0, 1])
        #expect(
            try store.history(owner: owner, node: "n", HistoryQuery(.minute, limit: 1))
                == [record(0, bytes: 99)]
        )
    }

    @Test(arguments: StoreKind.allCases)
    func readsWhatLiesInTheBounds(kind: StoreKind) throws {
        let store = try open(kind)
        try save(store, 0..<10)
        let some = HistoryQuery(.minute, from: at(2), to: at(5))
        #expect(try minutes(store, some) == [2, 3, 4, 5])
        var query = some
        query.newestFirst = true
        #expect(try minutes(store, query) == [5, 4, 3, 2])
        query.limit = 2
        #expect(try minutes(store, query) == [5, 4])
        query.after = at(4)
        #expect(try minutes(store, query) == [3, 2])
        query.newestFirst = false
        #expect(try minutes(store, query) == [5])
        // The limit does not count.
        #expect(
            try store.historyUsage(owner: owner, node: "n", query)
                == HistoryUsage(records: 1, bytes: 10)
        )
        #expect(try minutes(store, HistoryQuery(.minute, from: at(5), to: at(2))).isEmpty)
        #expect(try minutes(store, HistoryQuery(.minute, limit: 0)).isEmpty)
        #expect(try minutes(store, HistoryQuery(.minute, limit: -1)).isEmpty)
        let edge = HistoryQuery(.minute, after: Instant(milliseconds: .max))
        #expect(try minutes(store, edge).isEmpty)
    }

    @Test(arguments: StoreKind.allCases)
    func readsNothingOfANodeThatIsNotThere(kind: StoreKind) throws {
        let store = try open(kind)
        let query = HistoryQuery(.minute)
        #expect(try store.history(owner: owner, node: "x", query).isEmpty)
        #expect(try store.historyUsage(owner: owner, node: "x", query) == HistoryUsage())
        #expect(throws: StoreError.self) {
            try store.apply(change(.save(record(0)), node: "x"))
        }
    }

    @Test(arguments: StoreKind.allCases)
    func trimsByAge(kind: StoreKind) throws {
        let store = try open(kind)
        try save(store, 0..<10)
        try store.apply(change(.save(record(0, .hour))))
        try trim(store, before: 4)
        #expect(try minutes(store) == [4, 5, 6, 7, 8, 9])
        #expect(try store.history(owner: owner, node: "n", HistoryQuery(.hour)).count == 1)
    }

    @Test(arguments: StoreKind.allCases)
    func trimsByCount(kind: StoreKind) throws {
        let store = try open(kind)
        try save(store, 0..<10)
        try trim(store, records: 10)
        #expect(try minutes(store).count == 10)
        try trim(store, records: 9)
        #expect(try minutes(store) == Array(1..<10))
        try trim(store, records: 0)
        #expect(try minutes(store).isEmpty)
        try trim(store, records: 5)
    }

    @Test(arguments: StoreKind.allCases)
    func trimsByBytes(kind: StoreKind) throws {
        let store = try open(kind)
        try save(store, 0..<10)
        try save(store, [5], bytes: 50)
        try trim(store, bytes: 140)
        #expect(try minutes(store).count == 10)
        try trim(store, bytes: 139)
        #expect(try minutes(store) == Array(1..<10))
        // A large one goes with all that are older.
        try trim(store, bytes: 89)
        #expect(try minutes(store) == Array(6..<10))
    }

    @Test(arguments: StoreKind.allCases)
    func losesTheHistoryWithItsNode(kind: StoreKind) throws {
        let store = try open(kind)
        try save(store, 0..<3)
        try store.apply(.pubsub(.purge(owner: owner, node: "n")))
        #expect(try minutes(store).isEmpty)
        try save(store, 0..<3)
        try store.apply(
            .pubsub(.deleteNode(owner: owner, node: "n")),
            .pubsub(.saveNode(owner: owner, node: "n", configuration: [:]))
        )
        #expect(try minutes(store).isEmpty)
    }

    @Test func keepsTheHistoryAcrossARestart() throws {
        let first = try open(.sqlite)
        try save(first, 0..<3)
        try first.close()
        let second = try scratch.open(.sqlite)
        #expect(try minutes(second) == [0, 1, 2])
        try second.close()
    }
}
