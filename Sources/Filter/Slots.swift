/// Small numbers for the fields that the filters of an index read, shared and counted.
struct Slots: Sendable {
    private var numbers: [Field: Int] = [:]
    private var uses: [Int] = []
    private var free: [Int] = []
    /// The field of each number; one that is free keeps what it was.
    private(set) var fields: [Field] = []

    /// The number of a field that has been retained.
    func slot(of field: Field) -> Int {
        assert(numbers[field] != nil, "a filter reads a field that was not retained")
        return numbers[field] ?? 0
    }

    mutating func retain(_ field: Field) {
        if let slot = numbers[field] {
            uses[slot] += 1
        } else if let slot = free.popLast() {
            uses[slot] = 1
            fields[slot] = field
            numbers[field] = slot
        } else {
            numbers[field] = fields.count
            fields.append(field)
            uses.append(1)
        }
    }

    mutating func release(_ field: Field) {
        guard let slot = numbers[field] else { return }
        uses[slot] -= 1
        guard uses[slot] == 0 else { return }
        numbers[field] = nil
        free.append(slot)
    }
}

/// A comparison whose field is a number of ``Slots``.
struct SlotTest: Sendable {
    var slot: Int
    var predicate: Predicate
}
