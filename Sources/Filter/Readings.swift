/// What has been read of one item, so that no field is read twice for it.
struct Readings {
    private let reader: any FieldReader
    private let fields: [Field]
    private var read: [Reading]

    private enum Reading {
        case unread
        case one(Value?)
        case several([Value], least: Double?, greatest: Double?)
    }

    init(_ reader: any FieldReader, _ slots: Slots) {
        self.reader = reader
        fields = slots.fields
        read = Array(repeating: .unread, count: fields.count)
    }

    /// The key of a field's value; nil when the item has none that can be equal to anything.
    mutating func key(_ slot: Int) -> EqualityKey? {
        readOnce(slot)
        guard case .one(let value?) = read[slot] else { return nil }
        return EqualityKey(value, of: fields[slot])
    }

    /// The number that is held against thresholds: of several values the one that passes most.
    mutating func measure(_ slot: Int, isFalling: Bool) -> Double? {
        readOnce(slot)
        switch read[slot] {
        case .unread: return nil
        case .one(let value): return value?.measure(of: fields[slot], isBound: false)
        case .several(_, let least, let greatest): return isFalling ? least : greatest
        }
    }

    mutating func truth(_ test: SlotTest, work: inout Int) -> Truth {
        readOnce(test.slot)
        switch read[test.slot] {
        case .unread: return .unknown
        case .one(let value): return test.predicate.truth(of: value, work: &work)
        case .several(let values, _, _): return test.predicate.truth(ofAny: values, work: &work)
        }
    }

    private mutating func readOnce(_ slot: Int) {
        guard case .unread = read[slot] else { return }
        let field = fields[slot]
        guard field.isAny else {
            read[slot] = .one(reader.value(of: field))
            return
        }
        let values = reader.values(of: field)
        let measures = values.compactMap { $0.measure(of: field, isBound: false) }
        read[slot] = .several(values, least: measures.min(), greatest: measures.max())
    }
}
