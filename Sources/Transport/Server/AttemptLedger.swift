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
    /// Pairs of address and name that are remembered, and addresses; past it those that have been
    /// still for the longest are forgotten.
    package var pairs = 10_000
    /// Wrong attempts of one address, in whatever names, before it has to keep to a ``pace``; nil
    /// does not count them.
    package var wrongOfAddress: Int?
    /// The time in which one of those is forgotten.
    package var pace = TimeAmount.seconds(1)

    package init() {}

    /// Those of clients, where an account may have so many sessions.
    ///
    /// They may all log in at once when a connection has been restored, and each is an attempt
    /// until it has succeeded.
    package static func clients(sessions: Int) -> Self {
        var limits = Self()
        limits.free = 10 + max(sessions, 0)
        // A site behind one address whose passwords were changed; a list of accounts is longer.
        limits.wrongOfAddress = 300
        return limits
    }
}

/// Who has tried secrets and was wrong: by address and by the name that was tried for.
///
/// An attempt counts as wrong from its beginning, and is struck out when it has succeeded: many at
/// a time are no way around. Only the address that tries has to pause, and only for that name. The
/// owner of the name gets in from any other.
///
/// Who tries one secret in many names is found out by ``AttemptLimits/wrongOfAddress``. That holds
/// up others behind the same address, but for those who have been right there before.
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
        /// Not yet, as too many have been wrong from there; `isFirst` for the first to be told so
        /// until all of those are forgotten.
        case addressWaits(TimeAmount, isFirst: Bool)
    }

    private struct Entry {
        var attempts = 0
        var last: NIODeadline
        /// Somebody was told to wait since.
        var isTold = false
        /// It has been right.
        var isKnown = false
    }

    /// The wrong attempts of an address that are not forgotten at `last`.
    private struct Wrong {
        var count = 0
        var last: NIODeadline
        var isTold = false
    }

    private let limits: AttemptLimits
    private var entries: [Pair: Entry] = [:]
    private var addresses: [[UInt8]: Wrong] = [:]

    init(_ limits: AttemptLimits) {
        self.limits = limits
    }

    /// Pairs that are remembered.
    var count: Int { entries.count }

    /// Addresses that are remembered.
    var addressCount: Int { addresses.count }

    /// An attempt is about to be looked at.
    mutating func begin(_ pair: Pair, at now: NIODeadline) -> Answer {
        var entry = entries[pair] ?? Entry(last: now)
        if !entry.isKnown, let answer = addressPause(pair.network, at: now) { return answer }
        if now - entry.last >= limits.memory { entry = Entry(last: now, isKnown: entry.isKnown) }
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
    mutating func succeeded(_ pair: Pair, at now: NIODeadline) {
        guard limits.wrongOfAddress != nil else { return entries[pair] = nil }
        if entries[pair] == nil { makeRoom(at: now) }
        entries[pair] = Entry(last: now, isKnown: true)
    }

    /// The attempt was wrong, or given up.
    mutating func failed(_ pair: Pair, at now: NIODeadline) {
        guard let free = limits.wrongOfAddress else { return }
        var wrong = wrong(of: pair.network, at: now)
        // Many that were begun at once are not waited for one by one.
        let most = free + Int(limits.longestPause.nanoseconds / max(limits.pace.nanoseconds, 1))
        wrong.count = min(wrong.count + 1, most)
        if addresses[pair.network] == nil { makeRoomForAddress(at: now) }
        addresses[pair.network] = wrong
    }

    /// How long others than those who have been right there wait at that address.
    private mutating func addressPause(_ network: [UInt8], at now: NIODeadline) -> Answer? {
        guard let free = limits.wrongOfAddress, addresses[network] != nil else { return nil }
        var wrong = wrong(of: network, at: now)
        guard wrong.count > 0 else {
            addresses[network] = nil
            return nil
        }
        let excess = wrong.count - free
        guard excess >= 0 else { return nil }
        let isFirst = !wrong.isTold
        wrong.isTold = true
        addresses[network] = wrong
        return .addressWaits(limits.pace * (excess + 1) - (now - wrong.last), isFirst: isFirst)
    }

    /// What is left of an address's wrong attempts.
    private func wrong(of network: [UInt8], at now: NIODeadline) -> Wrong {
        guard var wrong = addresses[network] else { return Wrong(last: now) }
        let pace = max(limits.pace.nanoseconds, 1)
        let forgotten = max((now - wrong.last).nanoseconds / pace, 0)
        guard forgotten < wrong.count else { return Wrong(last: now) }
        wrong.count -= Int(forgotten)
        // What is less than one stays in the clock.
        wrong.last = wrong.last + .nanoseconds(forgotten * pace)
        return wrong
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
        let middle = Self.middle(entries.values.map(\.last))
        entries = entries.filter { $0.value.last > middle }
    }

    private mutating func makeRoomForAddress(at now: NIODeadline) {
        guard addresses.count >= limits.pairs else { return }
        let middle = Self.middle(addresses.values.map(\.last))
        addresses = addresses.filter { $0.value.last > middle }
    }

    private static func middle(_ times: [NIODeadline]) -> NIODeadline {
        let sorted = times.sorted()
        return sorted.isEmpty ? .distantPast : sorted[sorted.count / 2]
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

/// An ``AttemptLedger`` that all connections of a listener ask, or of several.
package final class AttemptGuard: Sendable {
    private let ledger: Mutex<AttemptLedger>

    package init(_ limits: AttemptLimits = AttemptLimits()) {
        ledger = Mutex(AttemptLedger(limits))
    }

    func begin(_ attempt: Attempt, at now: NIODeadline) -> AttemptLedger.Answer {
        ledger.withLock { $0.begin(attempt.pair, at: now) }
    }

    func succeeded(_ attempt: Attempt, at now: NIODeadline) {
        ledger.withLock { $0.succeeded(attempt.pair, at: now) }
    }

    func failed(_ attempt: Attempt, at now: NIODeadline) {
        ledger.withLock { $0.failed(attempt.pair, at: now) }
    }
}

/// Who tries to be whom on a connection.
struct Attempt {
    let name: JID
    /// As it was: a connection that is gone has none.
    let address: String

    fileprivate var pair: AttemptLedger.Pair {
        .init(network: AttemptLedger.network(of: address), name: name)
    }
}
