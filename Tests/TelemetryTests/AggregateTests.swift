import Testing
import XMPP

@testable import Telemetry

struct AggregateTests {
    private static let from = Instant(milliseconds: 1_795_352_400_000)
    private static let minute = Duration.seconds(60)

    private func value(
        _ name: String,
        _ last: Double,
        min: Double? = nil,
        mean: Double? = nil,
        max: Double? = nil,
        count: Int = 57,
        known: Duration = minute
    ) -> AggregateValue {
        AggregateValue(
            name,
            min: min ?? last,
            mean: mean ?? last,
            max: max ?? last,
            last: last,
            count: count,
            known: known
        )
    }

    private func aggregate(
        _ values: [AggregateValue],
        _ instances: [AggregateInstance] = []
    ) -> Aggregate {
        Aggregate(
            from: Self.from,
            to: Self.from + Self.minute,
            count: 57,
            values: values,
            instances: instances
        )
    }

    private func read(_ content: String, _ attributes: String = "count='57'") throws -> Aggregate {
        let markup = """
            <aggregate xmlns='urn:lapwing:1' from='2026-11-22T13:00:00.000Z' \
            to='2026-11-22T13:01:00.000Z' \(attributes)>\(content)</aggregate>
            """
        return try Aggregate(Element(parsing: Array(markup.utf8)))
    }

    @Test func writesOnlyWhatDiffersFromTheTextAndTheWhole() {
        let aggregate = aggregate(
            [value("user", 12.5, min: 0.25, mean: 7.5, max: 99), value("cpus", 4)],
            [AggregateInstance("eth0", values: [value("rx", 1, count: 3, known: .seconds(2.5))])]
        )
        let expected = """
            <aggregate xmlns='urn:lapwing:1' from='\(Self.from.dateTime)' \
            to='\((Self.from + Self.minute).dateTime)' count='57'>\
            <v n='user' min='0.25' mean='7.5' max='99'>12.5</v><v n='cpus'>4</v>\
            <i n='eth0'><v n='rx' count='3' seconds='2.5'>1</v></i></aggregate>
            """
        #expect(String(decoding: aggregate.raw.bytes, as: UTF8.self) == expected)
    }

    @Test func readsWhatItWrites() throws {
        var whole = aggregate(
            [value("user", 12.5, min: 0.25, mean: 7.5, max: 99), value("a<b", 4, known: .zero)],
            [
                AggregateInstance("/var", values: [value("used", -1, max: 1e300, count: 0)]),
                AggregateInstance("empty"),
            ]
        )
        whole.known = .seconds(59.5)
        whole.level = .critical
        whole.truncated = 3
        for index in whole.values.indices { whole.values[index].known = .seconds(1) }
        whole.instances[0].values[0].known = whole.known
        #expect(try Aggregate(Element(parsing: whole.raw.bytes)) == whole)
    }

    @Test func readsWhatIsLeftOutAsTheTextAndTheWhole() throws {
        let aggregate = try read("<v n='a'>5</v><future/><v n='b' min='1'> 2\n</v>")
        #expect(aggregate["a"] == value("a", 5))
        #expect(aggregate["b"] == value("b", 2, min: 1))
        #expect(aggregate.known == Self.minute)
        #expect(aggregate.level == .ok)
        let inside = try read("<i n='eth0'><v n='rx'>5</v></i>", "count='2' seconds='10'")
        #expect(inside["rx", "eth0"] == value("rx", 5, count: 2, known: .seconds(10)))
        #expect(inside["rx", "eth1"] == nil)
    }

    @Test(arguments: [
        ("<v n='a'>x</v>", "count='1'"), ("<v n='a' unknown='1'/>", "count='1'"),
        ("<v>1</v>", "count='1'"), ("<v n='a' mean='x'>1</v>", "count='1'"), ("", ""),
        ("<v n='a' seconds='-1'>1</v>", "count='1'"), ("", "count='-1'"),
        ("", "count='1' seconds='nan'"), ("<i><v n='a'>1</v></i>", "count='1'"),
    ])
    func refusesWhatCannotBeRead(_ content: String, _ attributes: String) {
        #expect(throws: PayloadError.self) { try read(content, attributes) }
    }

    @Test(arguments: ["2026-11-22T13:00:00.000Z", "2026-11-22T12:59:00.000Z", "later"])
    func refusesAPeriodWithoutLength(_ end: String) {
        var element = Element("aggregate", Namespace.lapwing)
        element["from"] = "2026-11-22T13:00:00.000Z"
        element["to"] = end
        element["count"] = "1"
        #expect(throws: PayloadError.malformed("to")) { try Aggregate(element) }
        #expect(throws: PayloadError.unexpected("sample")) {
            try Aggregate(Element("sample", Namespace.lapwing))
        }
    }

    @Test func believesNoTimeLongerThanThePeriod() throws {
        let aggregate = try read("<v n='a' seconds='1e300'>1</v>", "count='1' seconds='61'")
        #expect(aggregate.known == Self.minute)
        #expect(aggregate["a"]?.known == Self.minute)
    }

    @Test func readsAsManyAsTheLimitAndNoMore() throws {
        let values = (0..<PayloadLimits.values).map { "<v n='v\($0)'>1</v>" }.joined()
        #expect(try read(values).values.count == PayloadLimits.values)
        #expect(throws: PayloadError.tooMany("v")) { try read(values + "<v n='x'>1</v>") }
        let instances = (0..<PayloadLimits.instances).map { _ in
            Element("i", Namespace.lapwing, attributes: [.init("n", "x")])
        }
        var element = Element("aggregate", Namespace.lapwing, instances)
        element["from"] = "2026-11-22T13:00:00.000Z"
        element["to"] = "2026-11-22T13:01:00.000Z"
        element["count"] = "1"
        #expect(try Aggregate(element).instances.count == PayloadLimits.instances)
        element.append(Element("i", Namespace.lapwing, attributes: [.init("n", "x")]))
        #expect(throws: PayloadError.tooMany("i")) { try Aggregate(element) }
    }

    @Test func leavesOutInstancesPastTheLimitAndCountsThem() throws {
        let name = String(repeating: "n", count: 1000)
        let instances = (0..<100).map {
            AggregateInstance("\(name)\($0)", values: [value("used", 1)])
        }
        let bytes = aggregate([], instances).raw.bytes
        #expect(bytes.count <= PayloadLimits.bytes)
        let read = try Aggregate(Element(parsing: bytes))
        #expect(read.truncated > 0)
        #expect(read.instances.count + read.truncated == 100)
    }
}
