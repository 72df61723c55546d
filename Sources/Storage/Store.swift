package import Modules
import XMPP

/// Everything that the modules keep, in one place.
///
/// Reading is for the start and for what is too large to stay in memory; writing goes through
/// ``StoreWriter``, which is the only caller of ``apply(_:)``.
package protocol Store: AccountStore, RosterStore, PubSubStore, HistoryStore {
    /// Applies changes in order, all or none; durable when it returns.
    func apply(_ changes: [StoreChange]) throws(StoreError)
    /// Ends the use of the store; nothing is called after it.
    func close() throws(StoreError)
}

/// A change of any module's state.
package enum StoreChange: Sendable, Hashable {
    case account(AccountChange)
    case roster(RosterChange)
    case pubsub(PubSubChange)
    /// Nothing any more: a later change that waits behind it overwrites what it would write.
    case superseded
}

extension StoreChange {
    /// What is overwritten where an item is saved again.
    struct Item: Hashable {
        var owner: JID
        var node: String
        var id: String
    }

    /// The item that this saves; nil for all other changes.
    var item: Item? {
        guard case .pubsub(.saveItem(let owner, let node, let record, _)) = self else { return nil }
        return Item(owner: owner, node: node, id: record.id)
    }

    /// Whether nothing is lost where a later change saves the same item: what it displaces besides
    /// would stay.
    var isReplaceable: Bool {
        guard case .pubsub(.saveItem(_, _, _, let trimming)) = self else { return false }
        return trimming.isEmpty
    }

    /// About the memory that it holds while it waits.
    var byteCount: Int {
        // Addresses, names and secrets are small and bounded; payloads are not.
        let others = 512
        return switch self {
        case .pubsub(.saveItem(_, _, let record, _)): others + (record.payload?.count ?? 0)
        case .pubsub(.history(_, _, .save(let record))): others + record.payload.count
        default: others
        }
    }
}

/// Why something was not stored or not read.
package struct StoreError: Error, Sendable, Hashable, CustomStringConvertible {
    package var reason: Reason
    /// One line for the log.
    package var description: String

    package init(_ reason: Reason, _ description: String) {
        self.reason = reason
        self.description = description
    }

    /// What kind of failure it is.
    package enum Reason: Sendable, Hashable {
        /// No room on the disk.
        case full
        /// More changes wait than are allowed to.
        case busy
        /// The store was closed.
        case closed
        /// A change names what is not there, as a membership of an account that does not exist.
        case invalid
        /// The database is of a later version of the program.
        case tooNew
        /// The disk or the database failed.
        case failed
    }
}
