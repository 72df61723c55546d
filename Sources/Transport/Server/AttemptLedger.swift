package import NIOCore
import Synchronization
import XMPP

/// How often somebody may be wrong before there is a pause.
package struct AttemptLimits: Sendable, Hashable {
    /// Attempts of one address in one name before the first pause: a program that starts again
    /// and again, or a hand that mistypes.
    package var free = 10
    /// The pause after those; each wrong attempt doubles it.
    package var firstPause = TimeAmount.seconds(1)
    /// What it does not grow past: nobody who has put the right secret in place waits long.
    package var longestPause = TimeAmount.seconds(60)
    /// After that long without an attempt all is forgotten.
    package var memory = TimeAmount.hours(1)
    /// Pairs of address and name that are remembered; past it those that have been still for the
    /// longest are forgotten.
    package var pairs = 10_000

    package init() {}
}

/// Who has tried secrets and was wrong: by address and by the name that was tried for.
///
/// An attempt counts as wrong from its beginning, and is struck out when it has succeeded: many at
/// a time are no way around. Only the address that tries has to pause, and only for that name. The
/// owner of the name gets in from any other.
struct AttemptLedger {
    /// Who tries to be whom.
    struct Pair: Hashable {
        /// The network that the address is of; see ``AttemptLedger/network(of:)``.
        let network: [UInt8]
        let name: JID
    }

    /// Whether one may try.
    enum Answer: Equatable {
        case go
        /// Not yet; `isFirst` for the first to be told so in this pause.
        case wait(TimeAmount, isFirst: Bool)
    }

    private struct Entry {
        var attempts = 0
        var last: NIODeadline
        /// Somebody was told to wait since.
        var isTold = false
    }

    private let limits: AttemptLimits
    private var entries: [Pair: Entry] = [:]

    init(_ limits: AttemptLimits) {
        self.limits = limits
    }

    /// Pairs that are remembered.
    var count: Int { entries.count }

    /// An attempt is about to be looked at.
    mutating func begin(_ pair: Pair, at now: NIODeadline) -> Answer {
        var entry = entries[pair] ?? Entry(last: now)
        if now - entry.last >= limits.memory { entry = Entry(last: now) }
        let left = entry.last + pause(after: entry.attempts) - now
        guard left <= .zero else {
            let isFirst = !entry.isTold
            entry.isTold = true
            entries[pair] = entry
            return .wait(left, isFirst: isFirst)
        }
        entry.attempts += 1
        entry.last = now
        entry.isTold = false
        if entries[pair] == nil { makeRoom(at: now) }
        entries[pair] = entry
        return .go
    }

    /// The attempt was right.
    mutating func succeeded(_ pair: Pair) {
        entries[pair] = nil
    }

    private func pause(after attempts: Int) -> TimeAmount {
        guard attempts >= limits.free else { return .zero }
        // More doublings than this are past any longest pause.
        let doublings = min(attempts - limits.free, 30)
        let first = limits.firstPause.nanoseconds
        let (grown, isTooMuch) = first.multipliedReportingOverflow(by: 1 << doublings)
        return isTooMuch ? limits.longestPause : min(.nanoseconds(grown), limits.longestPause)
    }

    /// Half of it goes at once, so that a flood of addresses costs little each.
    private mutating func makeRoom(at now: NIODeadline) {
        guard entries.count >= limits.pairs else { return }
        entries = entries.filter { now - $0.value.last < limits.memory }
        guard entries.count >= limits.pairs else { return }
        let times = entries.values.map(\.last).sorted()
        let middle = times[times.count / 2]
        entries = entries.filter { $0.value.last > middle }
    }

    /// What an address counts as: itself, or of IPv6 the network of 64 bits that one customer has;
    /// an IPv4 address in the form of IPv6 is the former.
    static func network(of address: String) -> [UInt8] {
        guard let bytes = Address.bytes(address), bytes.count == 16 else {
            return Address.bytes(address) ?? []
        }
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
        return bytes.starts(with: mapped) ? Array(bytes.suffix(4)) : Array(bytes.prefix(8))
    }
}

/// An ``AttemptLedger`` that all connections of a listener ask.
package final class AttemptGuard: Sendable {
    private let ledger: Mutex<AttemptLedger>

    package init(_ limits: AttemptLimits = AttemptLimits()) {
        ledger = Mutex(AttemptLedger(limits))
    }

    func begin(_ name: JID, from address: String, at now: NIODeadline) -> AttemptLedger.Answer {
        let pair = AttemptLedger.Pair(network: AttemptLedger.network(of: address), name: name)
        return ledger.withLock { $0.begin(pair, at: now) }
    }

    func succeeded(_ name: JID, from address: String) {
        let pair = AttemptLedger.Pair(network: AttemptLedger.network(of: address), name: name)
        ledger.withLock { $0.succeeded(pair) }
    }
}
