import Filter

/// An item as a table of fields; `[*]` gives the instances that the table has.
struct Item: FieldReader {
    var table: [String: Value]

    init(_ table: [String: Value]) {
        self.table = table
    }

    func value(of field: Field) -> Value? {
        table[field.description]
    }

    func values(of field: Field) -> [Value] {
        let prefix = field.description.dropLast(2)
        return table.keys.sorted().filter { $0.hasPrefix(prefix) }.compactMap { table[$0] }
    }

    static let busy = Item([
        "host": .text("web-1"), "node": .text("urn:lapwing:1#cpu"), "group": .text("cpu"),
        "level": .level(3), "item": .text("current"), "cpu.user": .number(93.5),
        "cpu.user[0]": .number(99), "cpu.user[1]": .number(10), "cpu.user[/a b]": .text("odd"),
        "disk.used[/var]": .number(98.2), "@seq": .text("1841"), "@run": .text("x1"),
        "/entry": .text("the disk is full"), "/entry/title": .text("Disk"),
    ])
}

/// A generator of its own: the same seed gives the same tests everywhere.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    init(_ seed: UInt64) {
        state = seed
    }

    // SplitMix64: passes for random with one word of state.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func pick<Element>(_ choices: [Element]) -> Element {
        choices[Int.random(in: 0..<choices.count, using: &self)]
    }

    mutating func chance(_ percent: Int) -> Bool {
        Int.random(in: 0..<100, using: &self) < percent
    }
}

extension Seeded {
    private static let hosts = ["web-1", "web-2", "db", "90", "90.0", "é", "e\u{301}", "warning"]
    private static let names = [
        "host", "item", "@run", "cpu.user", "cpu.idle", "disk.used[/var]", "/entry/title",
    ]

    /// An expression of any kind.
    mutating func expression(depth: Int = 3) -> String {
        guard depth > 0, chance(60) else { return comparison() }
        switch Int.random(in: 0..<6, using: &self) {
        case 0: return "not " + operand(depth - 1)
        case 1: return operand(depth - 1) + " or " + operand(depth - 1)
        case 2: return expression(depth: depth - 1) + "  OR  " + comparison()
        default: return operand(depth - 1) + " and " + operand(depth - 1)
        }
    }

    private mutating func operand(_ depth: Int) -> String {
        let text = expression(depth: depth)
        return chance(80) ? "(\(text))" : comparison()
    }

    mutating func comparison() -> String {
        let operators = ["=", "=", "!=", "<", "<=", ">", ">="]
        switch Int.random(in: 0..<10, using: &self) {
        case 0: return "level \(pick(operators)) \(pick(Value.levels))"
        case 1: return "level in (\(pick(Value.levels)), \"\(pick(Value.levels))\")"
        case 2: return "\(pick(Self.names)) in (\(literal()), \(literal()),\(literal()))"
        case 3: return "\(pick(Self.names)) like \"\(pick(["*", "web-*", "?", "*b*", "9\\\\0"]))\""
        case 4: return "exists \(pick(Self.names))"
        case 5: return "cpu.user[*]\(pick(operators))\(literal())"
        default: return "\(pick(Self.names)) \(pick(operators)) \(literal())"
        }
    }

    private mutating func literal() -> String {
        chance(50) ? "\"\(pick(Self.hosts))\"" : pick(["90", "9e1", "-1", "0", "91.5", "100"])
    }

    /// An item that has about half of the fields, not always of the kind that one expects.
    mutating func item() -> Item {
        var table: [String: Value] = [:]
        for name in Self.names + ["cpu.user[0]", "cpu.user[1]"] where chance(60) {
            table[name] =
                switch Int.random(in: 0..<8, using: &self) {
                case 0: .level(Int.random(in: 0..<5, using: &self))
                case 1...4: .number(pick([90, 91.5, 0, -1, 100, .nan, .infinity]))
                default: .text(pick(Self.hosts))
                }
        }
        if chance(70) {
            let level = Int.random(in: 0..<5, using: &self)
            table["level"] = chance(70) ? .level(level) : .text(Value.levels[level])
        } else if chance(20) {
            table["level"] = chance(50) ? .text("bad") : .number(3)
        }
        return Item(table)
    }
}
