/// Which refusals are worth a line of the log: one for an address in a while, with how many were
/// left out before it.
///
/// Who connects again and again, from one address or from many, fills no disk with that.
struct RefusalNotices {
    /// What a line says beside its refusal.
    struct Notice: Equatable {
        /// Refusals of that address that no line was for.
        var leftOut = 0
        /// The same of other addresses.
        var leftOutElsewhere = 0
    }

    /// How long an address has no other line.
    static let period = Duration.seconds(60)
    /// Addresses that have a line in that time; of more than those none is told: a few screens.
    static let addressesMax = 100

    private struct Entry {
        let told: ContinuousClock.Instant
        var leftOut = 0
    }

    private var entries: [String: Entry] = [:]
    /// Of addresses that are not remembered.
    private var leftOutElsewhere = 0

    /// Addresses that are remembered.
    var count: Int { entries.count }

    /// Somebody was refused; nil where no line is to be written.
    mutating func refused(_ address: String, at now: ContinuousClock.Instant) -> Notice? {
        if var entry = entries[address], now - entry.told < Self.period {
            entry.leftOut += 1
            entries[address] = entry
            return nil
        }
        let leftOut = entries.removeValue(forKey: address)?.leftOut ?? 0
        forget(before: now)
        guard entries.count < Self.addressesMax else {
            leftOutElsewhere += leftOut + 1
            return nil
        }
        entries[address] = Entry(told: now)
        defer { leftOutElsewhere = 0 }
        return Notice(leftOut: leftOut, leftOutElsewhere: leftOutElsewhere)
    }

    private mutating func forget(before now: ContinuousClock.Instant) {
        entries = entries.filter { _, entry in
            guard now - entry.told >= Self.period else { return true }
            leftOutElsewhere += entry.leftOut
            return false
        }
    }
}

extension RefusalNotices.Notice: CustomStringConvertible {
    /// For the end of the line; empty where nothing was left out.
    var description: String {
        switch (leftOut, leftOutElsewhere) {
        case (0, 0): ""
        case (_, 0): " (\(leftOut) more before, not logged)"
        case (0, _): " (\(leftOutElsewhere) more from elsewhere, not logged)"
        case (_, _): " (\(leftOut) more before and \(leftOutElsewhere) from elsewhere, not logged)"
        }
    }
}
