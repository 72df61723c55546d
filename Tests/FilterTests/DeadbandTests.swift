import Filter
import Testing

struct DeadbandTests {
    @Test(arguments: [
        ("cpu.user 2", "cpu.user 2"), (" cpu.user 1.50 % ;", "cpu.user 1.5%"),
        (
            "cpu.user 2;disk.used[*] 1%; @load .5;/value 0",
            "cpu.user 2; disk.used[*] 1%; @load 0.5; /value 0"
        ),
    ])
    func readsBands(_ text: String, _ canonical: String) throws {
        let deadband = try Deadband(text)
        #expect(deadband.description == canonical)
        #expect(try Deadband(canonical) == deadband)
    }

    @Test func givesTheBandOfAField() throws {
        let deadband = try Deadband("cpu.user 2; memory.used 5%")
        let user = Field.metric(group: "cpu", name: "user", instance: .none)
        let used = Field.metric(group: "memory", name: "used", instance: .none)
        #expect(deadband[user]?.band == .absolute(2))
        #expect(deadband[user]?.width(range: nil) == 2)
        #expect(deadband[used]?.band == .percent(5))
        #expect(deadband[used]?.width(range: 200) == 10)
        #expect(deadband[used]?.width(range: nil) == nil)
        #expect(deadband[.metric(group: "cpu", name: "idle", instance: .none)] == nil)
    }

    @Test(arguments: [
        ("", 1, "expected a field"),
        ("cpu.user", 9, "expected a number after cpu.user"),
        ("cpu.user x", 10, "expected a number after cpu.user"),
        ("cpu.user -1", 10, "a band is not negative"),
        ("cpu.user 101%", 10, "a band is at most 100%"),
        ("cpu.user 2 cpu.idle 1", 12, "expected ; or the end after 2"),
        ("cpu.user 2;;", 12, "expected a field after ;"),
        ("cpu.user 2; cpu.user 3", 13, "cpu.user has a band already"),
        ("host 2", 1, "host is not a number"),
        ("cpu 2", 1, "there is no field cpu: host, node, group, level, item, GROUP.NAME"),
        ("cpu.user 1e999", 10, "this is not a number, or too large for one"),
    ])
    func saysWhatIsWrongAndWhere(_ text: String, _ column: Int, _ message: String) {
        #expect(throws: FilterError(column: column, message)) { try Deadband(text) }
    }

    @Test func takesThirtyTwoBands() {
        func text(_ count: Int) -> String {
            (0..<count).map { "a.b\($0) 1" }.joined(separator: ";")
        }
        #expect(throws: Never.self) { try Deadband(text(32)) }
        let column = text(32).count + 2
        #expect(throws: FilterError(column: column, "more than 32 bands")) {
            try Deadband(text(33))
        }
    }

    @Test func takesOneThousandAndTwentyFourBytes() {
        let text = "a.b 1" + String(repeating: " ", count: 1019)
        #expect(throws: Never.self) { try Deadband(text) }
        #expect(throws: FilterError(column: 1025, "the text is longer than 1024 bytes")) {
            try Deadband(text + " ")
        }
    }
}
