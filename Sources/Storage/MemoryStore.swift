package import Modules
import Synchronization
package import XMPP

/// The store in memory: for tests, and for a server that shall leave nothing behind.
package final class MemoryStore: Store {
    /// Decides whether an application fails: a test's way to a full disk.
    package typealias Fault = @Sendable ([StoreChange]) -> StoreError?

    private let content = Mutex(MemoryContent())
    private let fault: Fault
    private let key = Random.bytes(32)

    package init(fault: @escaping Fault = { _ in nil }) {
        self.fault = fault
    }

    package func apply(_ changes: [StoreChange]) throws(StoreError) {
        if let error = fault(changes) { throw error }
        let result = content.withLock { content -> Result<Void, StoreError> in
            // A copy, so that a change that fails leaves nothing behind.
            var copy = content
            do throws(StoreError) {
                for change in changes { try copy.apply(change) }
            } catch {
                return .failure(error)
            }
            content = copy
            return .success(())
        }
        try result.get()
    }

    package func close() throws(StoreError) {}

    package func loadAccounts(_ receive: (AccountRecord) throws -> Void) throws {
        for record in content.withLock({ $0.accounts }).values { try receive(record) }
    }

    package func loadMemberships(_ receive: (GroupMembership) throws -> Void) throws {
        for membership in content.withLock({ $0.memberships }) { try receive(membership) }
    }

    package func account(_ jid: JID) throws -> AccountRecord? {
        content.withLock { $0.accounts[jid.bare] }
    }

    package func pretenceKey() throws -> [UInt8] { key }

    package func roster(of owner: JID) throws -> [RosterItem] {
        Array(content.withLock { $0.rosters[owner] ?? [:] }.values)
    }

    package func loadRosters(_ receive: (_ owner: JID, _ item: RosterItem) throws -> Void) throws {
        for (owner, roster) in content.withLock({ $0.rosters }) {
            for item in roster.values { try receive(owner, item) }
        }
    }
}

extension MemoryStore {
    package func readNodes(_ body: (NodeRecord) throws -> Void) throws {
        for (owner, nodes) in content.withLock({ $0.nodes }) {
            for (name, node) in nodes { try body(node.record(owner, name)) }
        }
    }

    package func nodes(of owner: JID) throws -> [NodeRecord] {
        let nodes = content.withLock { $0.nodes[owner] ?? [:] }
        return nodes.map { $0.value.record(owner, $0.key) }
    }

    func records(_ owner: JID, _ node: String, _ query: HistoryQuery) -> [HistoryRecord] {
        content.withLock { $0.nodes[owner]?[node]?.history(query) ?? [] }
    }

    package func payloads(
        owner: JID,
        node: String,
        items: [String]
    ) throws -> [String: [UInt8]] {
        let kept = content.withLock { $0.nodes[owner]?[node]?.items ?? [] }
        let wanted = Set(items)
        var result: [String: [UInt8]] = [:]
        for item in kept where wanted.contains(item.id) { result[item.id] = item.payload }
        return result
    }
}
