/// Values by the numbers that they were given in order, the oldest of which are mostly the first to
/// go: found without hashing.
///
/// It takes room for some four times what is in it: of old ones that stay, a dictionary is made.
struct NumberedQueue<Value: Sendable>: Sendable {
    private var slots: [Value?] = []
    /// Slots at the front that are empty for good.
    private var head = 0
    /// The number of the first slot behind those.
    private var first: UInt64
    private var old: [UInt64: Value] = [:]
    private(set) var count = 0

    /// Slots below which nothing is saved.
    private static var slotsLeast: Int { 1_024 }

    /// The number that the next value gets is `next`.
    init(next: UInt64) {
        first = next
    }

    /// Slots that it takes, those of old ones apart.
    var room: Int { slots.count }

    /// The number that the next value gets.
    var next: UInt64 { first &+ UInt64(clamping: slots.count - head) }

    mutating func append(_ value: Value) {
        slots.append(value)
        count += 1
        while slots.count - head > Self.slotsLeast, slots.count - head > 4 * (count - old.count) {
            retire()
        }
    }

    /// The value of that number; setting nil takes it out, and no number is given a value again.
    subscript(number: UInt64) -> Value? {
        get {
            if let index = index(of: number) { return slots[index] }
            return old.isEmpty ? nil : old[number]
        }
        set {
            if let index = index(of: number) {
                guard slots[index] != nil else { return }
                slots[index] = newValue
                if newValue == nil {
                    count -= 1
                    if index == head { tidy() }
                }
            } else if old[number] != nil {
                old[number] = newValue
                if newValue == nil { count -= 1 }
            }
        }
    }

    mutating func remove(_ number: UInt64) -> Value? {
        guard let value = self[number] else { return nil }
        self[number] = nil
        return value
    }

    /// Takes out what has a higher number; the next one is that behind `last`.
    mutating func take(after last: UInt64) -> [(number: UInt64, value: Value)] {
        let all = all
        let taken = all.filter { $0.number > last }
        self = NumberedQueue(next: last &+ 1)
        for entry in all where entry.number <= last { old[entry.number] = entry.value }
        count = old.count
        return taken
    }

    /// What is there, in order.
    var all: [(number: UInt64, value: Value)] {
        var all = old.sorted { $0.key < $1.key }.map { (number: $0.key, value: $0.value) }
        var number = first
        for slot in slots[head...] {
            if let slot { all.append((number, slot)) }
            number &+= 1
        }
        return all
    }

    func contains(where holds: (Value) -> Bool) -> Bool {
        old.values.contains(where: holds) || slots[head...].contains { $0.map(holds) ?? false }
    }

    private func index(of number: UInt64) -> Int? {
        guard number >= first, number < next else { return nil }
        return head + Int(clamping: number - first)
    }

    /// Takes the oldest out of the slots.
    private mutating func retire() {
        if head < slots.count, let value = slots[head] {
            old[first] = value
            slots[head] = nil
        }
        tidy()
    }

    private mutating func tidy() {
        while head < slots.count, slots[head] == nil {
            head += 1
            first &+= 1
        }
        // What was taken out is given back when it is half of all.
        if head > 32, head * 2 > slots.count {
            slots.removeFirst(head)
            head = 0
        }
    }
}
