/// Filters that ask for the same fields: one look-up and one binary search find those that match.
struct FilterGroup: Sendable {
    /// What the filters of a group have in common, by the fields' slots.
    struct Signature: Sendable, Hashable {
        /// The fields that must equal something, ascending.
        var equalities: [Int]
        /// The field of the threshold, and its direction; nil for none.
        var threshold: Int?
        var isFalling: Bool
    }

    /// Where a filter stands among those that ask for the same values.
    struct Bound: Sendable, Hashable, Comparable {
        /// What the measure must reach, or pass when strict; both negated where less is wanted.
        var value: Double
        var isStrict: Bool
        var filter: Int

        static func < (left: Self, right: Self) -> Bool {
            if left.value != right.value { return left.value < right.value }
            if left.isStrict != right.isStrict { return right.isStrict }
            return left.filter < right.filter
        }
    }

    let signature: Signature
    private var buckets: [[EqualityKey]: [Bound]] = [:]

    init(_ signature: Signature) {
        self.signature = signature
    }

    var isEmpty: Bool { buckets.isEmpty }

    mutating func insert(_ bound: Bound, at keys: [EqualityKey]) {
        let place = Self.firstPlace(in: buckets[keys] ?? []) { !($0 < bound) }
        buckets[keys, default: []].insert(bound, at: place)
    }

    mutating func remove(_ bound: Bound, at keys: [EqualityKey]) {
        guard let (place, isLast) = place(of: bound, keys) else { return }
        if isLast {
            buckets[keys] = nil
        } else {
            buckets[keys]?.remove(at: place)
        }
    }

    private func place(of bound: Bound, _ keys: [EqualityKey]) -> (place: Int, isLast: Bool)? {
        guard let bounds = buckets[keys] else { return nil }
        let place = Self.firstPlace(in: bounds) { !($0 < bound) }
        guard place < bounds.count, bounds[place] == bound else { return nil }
        return (place, bounds.count == 1)
    }

    /// The filters whose values and threshold the item meets.
    func found(_ readings: inout Readings) -> ArraySlice<Bound> {
        var keys: [EqualityKey] = []
        for slot in signature.equalities {
            guard let key = readings.key(slot) else { return [] }
            keys.append(key)
        }
        guard let bounds = buckets[keys] else { return [] }
        guard let threshold = signature.threshold else { return bounds[...] }
        guard let number = readings.measure(threshold, isFalling: signature.isFalling) else {
            return []
        }
        let measure = signature.isFalling ? -number : number
        return bounds[
            ..<Self.firstPlace(in: bounds) {
                $0.value > measure || ($0.value == measure && $0.isStrict)
            }
        ]
    }

    /// The first place from which on the condition holds, as it does for all that follow.
    private static func firstPlace(in bounds: [Bound], where holds: (Bound) -> Bool) -> Int {
        var low = 0
        var high = bounds.count
        while low < high {
            let middle = low + (high - low) / 2
            if holds(bounds[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
