import NIOCore
import Synchronization

/// How many connections there may be, over all listeners.
package final class Admission: Sendable {
    private let total: Int
    private let perAddress: Int?
    private let counts = Mutex(Counts())

    private struct Counts {
        var total = 0
        var byAddress: [String: Int] = [:]
    }

    /// `perAddress` nil lets one address have them all.
    package init(total: Int, perAddress: Int? = nil) {
        self.total = total
        self.perAddress = perAddress
    }

    /// Counts a connection in; false when there is no room for it.
    func enter(_ address: String) -> Bool {
        counts.withLock { counts in
            guard counts.total < total else { return false }
            if let perAddress {
                let count = counts.byAddress[address, default: 0]
                guard count < perAddress else { return false }
                counts.byAddress[address] = count + 1
            }
            counts.total += 1
            return true
        }
    }

    /// Counts a connection out.
    func leave(_ address: String) {
        counts.withLock { counts in
            counts.total -= 1
            guard perAddress != nil, let count = counts.byAddress[address] else { return }
            counts.byAddress[address] = count > 1 ? count - 1 : nil
        }
    }

    /// Counts a channel in as long as it is open; throws ``ListenerError/full``.
    func admit(_ channel: any Channel) throws {
        let address = channel.remoteAddress?.ipAddress ?? ""
        guard enter(address) else { throw ListenerError.full }
        channel.closeFuture.whenComplete { _ in self.leave(address) }
    }

    /// How many there are.
    package var count: Int { counts.withLock { $0.total } }
}
