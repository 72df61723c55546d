import Testing
import XMPP

@testable import Telemetry

struct PayloadTests {
    static let at = Instant(milliseconds: 1_795_352_400_123)

    private func v(_ name: String, _ text: String, unknown: Bool = false) -> Element {
        var element = Element("v", Namespace.lapwing, text: text)
        element["n"] = name
        if unknown { element["unknown"] = "1" }
        return element
    }

    private func sample(_ children: [Element], at: String? = "2026-11-21T13:00:00.123Z") -> Element
    {
        var element = Element("sample", Namespace.lapwing, children)
        element["at"] = at
        element["seq"] = "1841"
        element["run"] = "r1"
        element["level"] = "warning"
        return element
    }

    @Test func readsASample() throws {
        var instance = Element(
            "i",
            Namespace.lapwing,
            [v("rx", "18220"), v("tx", "", unknown: true)]
        )
        instance["n"] = "eth0"
        let sample = try Sample(self.sample([v("user", " 12.3\n"), instance]))
        #expect(sample.seq == 1841)
        #expect(sample.run == "r1")
        #expect(sample.level == .warning)
        #expect(sample["user"] == 12.3)
        #expect(sample["rx", "eth0"] == 18220)
        #expect(sample.instances.first?.values.last == SampleValue("tx", nil))
    }

    @Test func ignoresUnknownChildrenOfASample() throws {
        let sample = try Sample(
            self.sample([
                Element("future", Namespace.lapwing), v("user", "1"), Element("v", "urn:x"),
            ])
        )
        #expect(sample.values == [SampleValue("user", 1)])
    }

    @Test func refusesASampleWithoutTime() {
        #expect(throws: PayloadError.missing("at")) { try Sample(self.sample([], at: nil)) }
        #expect(throws: PayloadError.malformed("at")) { try Sample(self.sample([], at: "noon")) }
    }

    @Test func refusesAValueWithoutNameOrNumber() {
        #expect(throws: PayloadError.missing("n")) {
            try Sample(self.sample([Element("v", Namespace.lapwing, text: "1")]))
        }
        #expect(throws: PayloadError.malformed("v")) { try Sample(self.sample([v("a", "x")])) }
    }

    @Test func readsAsManyValuesAsTheLimitAndNoMore() throws {
        let values = (0..<PayloadLimits.values).map { v("v\($0)", "1") }
        #expect(try Sample(sample(values)).values.count == PayloadLimits.values)
        #expect(throws: PayloadError.tooMany("v")) {
            try Sample(self.sample(values + [v("one-more", "1")]))
        }
    }

    @Test func writesASampleAsMarkup() {
        let sample = Sample(
            at: Self.at,
            seq: 7,
            run: "r",
            level: .ok,
            values: [SampleValue("user", 12.3), SampleValue("idle", nil)],
            labels: [Label("fs", "<&>")],
            instances: [SampleInstance("/a'b\n\u{FFFE}", values: [SampleValue("rx", 1)])]
        )
        #expect(
            String(decoding: sample.raw.bytes, as: UTF8.self)
                == "<sample xmlns='urn:lapwing:1' at='\(Self.at.dateTime)' seq='7' run='r'"
                + " level='ok'>"
                + "<v n='user'>12.3</v><v n='idle' unknown='1'/><label n='fs'>&lt;&amp;&gt;</label>"
                + "<i n='/a&apos;b&#10;\u{FFFD}'><v n='rx'>1</v></i></sample>"
        )
    }

    @Test func leavesOutInstancesPastTheLimitAndCountsThem() {
        let many = (0..<4000).map {
            SampleInstance("interface-\($0)", values: [SampleValue("rx", 123_456)])
        }
        let bytes = Sample(at: Self.at, instances: many).raw.bytes
        #expect(bytes.count <= PayloadLimits.bytes)
        #expect(bytes.count > PayloadLimits.bytes * 9 / 10)
        let head = String(decoding: bytes.prefix(200), as: UTF8.self)
        #expect(head.contains("truncated='"))
    }

    @Test func alertListsSurviveTheWire() throws {
        let list = AlertList(
            level: .critical,
            at: Self.at,
            seq: 3,
            run: "r",
            alerts: [
                Alert(
                    id: "disk-full:/var",
                    rule: "disk-full",
                    level: .critical,
                    since: Self.at,
                    summary: "/var is 98 % full",
                    values: [AlertValue("used", 98.2, threshold: 98, clear: 95)],
                    labels: [Label("mount", "/var")]
                )
            ]
        )
        #expect(try AlertList(list.element) == list)
    }

    @Test func anEmptyAlertListSurvivesTheWire() throws {
        let list = AlertList(level: .info, at: Self.at)
        #expect(try AlertList(list.element) == list)
    }

    @Test func leavesOutAlertsPastTheLimitAndCountsThem() {
        let alert = Alert(id: "a", rule: "a", level: .info, since: Self.at, summary: "s")
        let list = AlertList(
            level: .info,
            at: Self.at,
            alerts: Array(repeating: alert, count: PayloadLimits.alerts + 5)
        )
        let written = list.element.elements.count
        #expect(written < PayloadLimits.alerts)
        #expect(list.element["truncated"] == String(PayloadLimits.alerts + 5 - written))
    }

    @Test func eventsSurviveTheWire() throws {
        let event = Event(
            .changed,
            at: Self.at,
            seq: 9,
            run: "r",
            level: .critical,
            previous: .warning,
            alert: "cpu",
            rule: "cpu",
            summary: "cpu is busy",
            values: [AlertValue("used", nil)]
        )
        #expect(try Event(event.element) == event)
        #expect(event.itemID == "r-9")
    }

    @Test func birthsSurviveTheWire() throws {
        var metrics = Catalogue.metrics
        metrics[0].thresholds = [Threshold(.critical, .above, 95, clear: 85)]
        let meta = Meta(
            at: Self.at,
            seq: 1,
            run: "r",
            agent: "0.1",
            boot: "b",
            system: "Linux",
            interval: 1,
            heartbeat: 60,
            metrics: metrics
        )
        #expect(try Meta(meta.element) == meta)
    }

    @Test func readsAndWritesProsodysDemonstration() throws {
        let value = ProsodyValue(name: "load", level: .warning, number: 0.42)
        #expect(value.element.text == "0.42")
        #expect(try ProsodyValue(value.element) == value)
    }

    @Test func tellsPayloadsApartByTheirRoot() throws {
        let value = ProsodyValue(name: "load", number: 1)
        #expect(try MonitoringPayload(value.element) == .prosody(value))
        #expect(throws: PayloadError.unexpected("x")) {
            try MonitoringPayload(Element("x", "urn:x"))
        }
    }

    @Test func catalogueNamesEveryNumberOnce() {
        var seen: Set<String> = []
        for metric in Catalogue.metrics {
            let key = "\(metric.group.rawValue).\(metric.name).\(metric.perInstance)"
            #expect(seen.insert(key).inserted, "\(key) is there twice")
        }
    }
}
