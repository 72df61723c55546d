/// Which entries of a list are there, so that the n-th of them and the number before one are found
/// in the logarithm of the list's length (a Fenwick tree).
///
/// Adding at the end and taking out cost as much.
struct RankTree: Sendable, Equatable {
    /// At index `i`, from 1 on, how many of the `i & -i` entries up to the `i`-th are there.
    private var sums: [UInt32] = [0]

    init() {}

    /// A tree of entries that are there or not.
    init(_ entries: [Bool]) {
        sums.reserveCapacity(entries.count + 1)
        for isThere in entries {
            append()
            if !isThere { remove(sums.count - 2) }
        }
    }

    /// Adds an entry, which is there.
    mutating func append() {
        let index = sums.count
        var sum: UInt32 = 1
        var child = 1
        while child < index & -index {
            sum &+= sums[index - child]
            child <<= 1
        }
        sums.append(sum)
    }

    /// Takes out an entry that is there; its place stays.
    mutating func remove(_ place: Int) {
        guard place >= 0 else { return }
        var index = place + 1
        while index < sums.count {
            sums[index] &-= 1
            index += index & -index
        }
    }

    /// Drops the last place.
    mutating func removeLast() {
        if sums.count > 1 { sums.removeLast() }
    }

    /// How many entries are there in front of a place.
    func count(before place: Int) -> Int {
        var index = min(max(place, 0), sums.count - 1)
        var sum = 0
        while index > 0 {
            sum += Int(sums[index])
            index -= index & -index
        }
        return sum
    }

    /// The place of the entry that has `rank` others in front of it; nil where there is none.
    func place(of rank: Int) -> Int? {
        guard rank >= 0 else { return nil }
        var step = 1
        while step * 2 < sums.count { step *= 2 }
        var (index, left) = (0, rank)
        while step > 0 {
            let next = index + step
            if next < sums.count, Int(sums[next]) <= left {
                left -= Int(sums[next])
                index = next
            }
            step /= 2
        }
        return index < sums.count - 1 ? index : nil
    }
}
