import Filter
import Testing

struct FilterIndexTests {
    private func matches(_ index: FilterIndex<Int>, _ item: Item) -> [Int] {
        var budget = Int.max
        return index.matches(item, budget: &budget).sorted()
    }

    @Test(arguments: 0..<40)
    func findsWhatEvaluatingEachFinds(_ seed: UInt64) throws {
        var random = Seeded(seed)
        var index = FilterIndex<Int>()
        var model: [Int: Expression] = [:]
        for step in 0..<200 {
            let key = Int.random(in: 0..<80, using: &random)
            if random.chance(30) {
                index.remove(key)
                model[key] = nil
            } else {
                // Conjunctions of few kinds, so that places in the index are shared.
                let count = Int.random(in: 1...3, using: &random)
                let parts = (0..<count).map { _ in random.comparison() }
                let text =
                    random.chance(70)
                    ? parts.joined(separator: " and ") : random.expression(depth: 2)
                let expression = try Expression(text)
                index.insert(expression, for: key)
                model[key] = expression
            }
            #expect(index.isEmpty == model.isEmpty)
            guard step % 5 == 0 else { continue }
            let item = random.item()
            let wanted = model.filter { $0.value.evaluate(item) == .yes }.map(\.key).sorted()
            #expect(matches(index, item) == wanted, "\(item)")
        }
        for key in 0..<80 { index.remove(key) }
        #expect(index.isEmpty)
        #expect(matches(index, random.item()).isEmpty)
    }

    @Test func findsTheMatchesAmongTenThousandThresholds() throws {
        var index = FilterIndex<Int>()
        for key in 0..<10_000 {
            index.insert(
                try Expression("host = \"web-\(key % 10)\" and cpu.user > \(key)"),
                for: key
            )
        }
        let item = Item(["host": .text("web-3"), "cpu.user": .number(100)])
        var budget = 10
        #expect(
            index.matches(item, budget: &budget).sorted() == [
                3, 13, 23, 33, 43, 53, 63, 73, 83, 93,
            ]
        )
        // One for the set of fields, nothing for the filters.
        #expect(budget == 9)
        for key in 0..<10_000 where key % 20 == 3 { index.remove(key) }
        #expect(matches(index, item) == [13, 33, 53, 73, 93])
    }

    @Test func findsTheMatchesAmongTenThousandHosts() throws {
        var index = FilterIndex<Int>()
        for key in 0..<10_000 {
            index.insert(
                try Expression("item in (\"a\", \"b\") and host = \"h\(key)\" and level >= info"),
                for: key
            )
        }
        let item = Item(["host": .text("h77"), "item": .text("b"), "level": .level(2)])
        var budget = 10
        #expect(index.matches(item, budget: &budget) == [77])
        #expect(budget == 9)
        #expect(matches(index, Item(["host": .text("h77"), "item": .text("b")])).isEmpty)
    }

    @Test(arguments: [
        ("cpu.user > 5", [4, 5, 6, 7], [6, 7]), ("cpu.user >= 5", [4, 5, 6], [5, 6]),
        ("cpu.user < 5", [4, 5, 6], [4]), ("cpu.user <= 5", [4, 5, 6], [4, 5]),
    ])
    func thresholdsHoldAtTheirEdge(_ text: String, _ values: [Double], _ wanted: [Double]) throws {
        var index = FilterIndex<Int>()
        index.insert(try Expression(text), for: 1)
        // The same number, strict and not, side by side.
        index.insert(try Expression("cpu.user >= 5"), for: 2)
        index.insert(try Expression("cpu.user < 5"), for: 3)
        let found = values.filter {
            matches(index, Item(["cpu.user": .number($0)])).contains(1)
        }
        #expect(found == wanted)
    }

    @Test func findsThresholdsOfAnyInstanceByTheLargestAndTheLeast() throws {
        var index = FilterIndex<Int>()
        index.insert(try Expression("disk.used[*] > 90"), for: 1)
        index.insert(try Expression("disk.used[*] < 10"), for: 2)
        let item = Item(["disk.used[/a]": .number(95), "disk.used[/b]": .number(50)])
        #expect(matches(index, item) == [1])
        #expect(
            matches(index, Item(["disk.used[/a]": .number(9), "disk.used[/b]": .number(50)])) == [2]
        )
        #expect(try Expression("disk.used[*] > 90").scannedTermCount == 0)
    }

    @Test(arguments: [
        ("host = \"a\"", 0), ("host in (\"a\", 3)", 0), ("level >= info", 0),
        ("cpu.user > 3 and cpu.user < 5", 0),
        ("host = \"a\" and (item = \"b\" or item = \"c\")", 0),
        ("host != \"a\"", 1), ("host = \"a\" or host = \"b\"", 2), ("not host = \"a\"", 1),
        ("host like \"a*\" and exists item", 2), ("cpu.user > \"3\"", 1), ("disk.used[*] = 3", 1),
        ("host in (1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16)", 0),
        ("host in (1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17)", 17),
    ])
    func saysWhatIsDecidedOneByOne(_ text: String, _ count: Int) throws {
        #expect(try Expression(text).scannedTermCount == count)
    }

    @Test func identicalExpressionsShareAnEvaluation() throws {
        var index = FilterIndex<Int>()
        for key in 0..<1000 {
            index.insert(
                try Expression(key % 2 == 0 ? "host!=\"a\"" : "HOST.x=1 or host != \"a\""),
                for: key
            )
        }
        var budget = 100
        #expect(index.matches(Item(["host": .text("b")]), budget: &budget).count == 1000)
        #expect(budget == 97)
    }

    @Test func evaluatesNoMoreThanTheBudgetAllows() throws {
        var index = FilterIndex<Int>()
        for key in 0..<100 {
            index.insert(try Expression("host != \"\(key)\" or item = \"x\""), for: key)
        }
        let item = Item(["host": .text("a")])
        var budget = 200
        #expect(index.matches(item, budget: &budget).count == 100)
        #expect(budget == 0)
        budget = 50
        #expect(index.matches(item, budget: &budget).count == 25)
        #expect(budget <= 0)
        #expect(index.matches(item, budget: &budget).isEmpty)
    }

    @Test func paysForWhatIsLeftToDecideOnThoseFound() throws {
        var index = FilterIndex<Int>()
        for key in 0..<100 {
            index.insert(try Expression("cpu.user > 1 and cpu.idle > \(key)"), for: key)
        }
        let item = Item(["cpu.user": .number(2), "cpu.idle": .number(1000)])
        var budget = 61
        #expect(index.matches(item, budget: &budget).count == 60)
        #expect(budget == 0)
    }

    @Test func paysForEachSetOfFields() throws {
        var index = FilterIndex<Int>()
        for key in 0..<100 { index.insert(try Expression("@a\(key) = 1"), for: key) }
        var budget = 40
        #expect(index.matches(Item(["@a99": .number(1)]), budget: &budget).isEmpty)
        #expect(budget == 0)
        budget = 100
        #expect(index.matches(Item(["@a99": .number(1)]), budget: &budget) == [99])
    }

    @Test func aKeyHasOneExpression() throws {
        var index = FilterIndex<String>()
        index.insert(try Expression("host = \"a\""), for: "k")
        index.insert(try Expression("host = \"b\""), for: "k")
        #expect(index.count == 1)
        #expect(try index["k"] == Expression("host = \"b\""))
        var budget = 10
        #expect(index.matches(Item(["host": .text("a")]), budget: &budget).isEmpty)
        #expect(index.matches(Item(["host": .text("b")]), budget: &budget) == ["k"])
        index.remove("other")
        index.remove("k")
        #expect(index.isEmpty)
    }

    @Test func readsEachFieldOnce() throws {
        final class Counting: FieldReader {
            var reads = 0

            func value(of field: Field) -> Value? {
                reads += 1
                return .number(5)
            }

            func values(of field: Field) -> [Value] {
                reads += 1
                return [.number(5)]
            }
        }
        var index = FilterIndex<Int>()
        for key in 0..<50 {
            index.insert(try Expression("cpu.user > \(key) and cpu.idle[*] != \(key)"), for: key)
            index.insert(try Expression("cpu.user != \(key) or cpu.idle[*] = 5"), for: -key - 1)
        }
        let reader = Counting()
        var budget = Int.max
        #expect(!index.matches(reader, budget: &budget).isEmpty)
        #expect(reader.reads == 2)
    }

    @Test(arguments: ["a*a*a*a*b", "*a*a*a*a*a*a*a*a*b", "*aaaaaaaaaaaaaaaab", "?*?*?*?*b"])
    func patternsTakeNoMoreThanLengthTimesLength(_ pattern: String) throws {
        let length = 4000
        let item = Item(["@a": .text(String(repeating: "a", count: length))])
        var index = FilterIndex<Int>()
        index.insert(try Expression("@a like \"\(pattern)\""), for: 1)
        var budget = Int.max
        #expect(index.matches(item, budget: &budget).isEmpty)
        // A unit of the budget is 32 steps.
        #expect(Int.max - budget <= length * pattern.count / 32 + 2)
    }
}
