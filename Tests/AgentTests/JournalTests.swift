import Telemetry
import Testing
import XMPP

@testable import Agent

struct JournalTests {
    /// A journal that is fed one reading a second.
    private final class Probe {
        private var journal: Journal
        private var seconds = 0
        private(set) var reading = Reading(at: Instant(milliseconds: 0))

        init(rules: [AlertRule]) {
            let birth = Birth(version: "1", boot: "b", system: "s", interval: 1, heartbeat: 60)
            journal = Journal(run: "r", host: "web1", birth: birth, rules: rules)
        }

        func tick(cpu: Double, hasRoom: Bool = true) -> [Journal.Entry] {
            seconds += 1
            let at = Instant(milliseconds: Int64(seconds) * 1000)
            let now = Duration.seconds(seconds)
            reading = Reading(at: at)
            reading.add(.cpu, "used", cpu)
            reading.add(.cpu, SampleInstance("cpu0"))
            let tick = Tick(at: at, uptime: now, boottime: now, elapsed: 1)
            return journal.record(&reading, at: tick, hasRoom: hasRoom)
        }

        func end() -> Event {
            journal.end(at: Instant(milliseconds: Int64(seconds) * 1000))
        }
    }

    private let rule = AlertRule(
        "cpu",
        .cpu,
        "used",
        title: "cpu",
        thresholds: [Threshold(.critical, .above, 90, clear: 80)],
        for: .zero
    )

    private func nodes(_ entries: [Journal.Entry]) -> [MonitoringNode] {
        entries.compactMap { if case .snapshot(let node, _) = $0 { node } else { nil } }
    }

    private func sample(
        _ node: MonitoringNode,
        _ entries: [Journal.Entry]
    ) throws -> Sample {
        for case .snapshot(node, .raw(let raw)) in entries { return try Sample(raw.parsed()) }
        throw PayloadError.missing(node.rawValue)
    }

    @Test func theFirstTickTellsEverything() {
        let entries = Probe(rules: [rule]).tick(cpu: 5)
        #expect(
            nodes(entries)
                == [.meta, .alertsCritical, .alertsWarning, .alertsInfo, .cpu, .summary]
        )
        #expect(
            entries.contains {
                if case .event(let event) = $0 { event.kind == .started } else { false }
            }
        )
    }

    @Test func theEndIsTheLastEventOfTheRun() {
        let probe = Probe(rules: [rule])
        let first = probe.tick(cpu: 5).compactMap {
            if case .event(let event) = $0 { event } else { nil }
        }
        let last = probe.end()
        #expect(last.kind == .stopped)
        #expect(last.run == first.first?.run)
        #expect(last.seq == first.count + 1)
    }

    @Test func theBirthCarriesTheThresholds() throws {
        let entries = Probe(rules: [rule]).tick(cpu: 5)
        guard case .snapshot(.meta, .element(let element)) = entries[0] else {
            Issue.record("the birth comes first")
            return
        }
        let used = try Meta(element).metrics.first { $0.group == .cpu && !$0.perInstance }
        #expect(used?.thresholds == rule.thresholds)
    }

    @Test func onlyWhatMovedIsToldWithItsOwnSequence() throws {
        let probe = Probe(rules: [rule])
        _ = probe.tick(cpu: 5)
        #expect(probe.tick(cpu: 5.5).isEmpty)
        let entries = probe.tick(cpu: 7)
        #expect(nodes(entries) == [.cpu, .summary])
        let sample = try sample(.cpu, entries)
        #expect(sample.seq == 2)
        #expect(sample.run == "r")
        #expect(sample["used"] == 7)
        #expect(sample.at == Instant(milliseconds: 3000))
    }

    @Test func anAlertSetsLevelsListsAndTheLog() throws {
        let probe = Probe(rules: [rule])
        _ = probe.tick(cpu: 5)
        let fired = probe.tick(cpu: 95)
        #expect(nodes(fired) == [.alertsCritical, .cpu, .summary])
        #expect(try sample(.cpu, fired).level == .critical)
        #expect(try sample(.summary, fired)["critical"] == 1)
        guard case .event(let event) = fired[0] else {
            Issue.record("the event comes first")
            return
        }
        #expect(event.kind == .fired)
        let resolved = probe.tick(cpu: 5)
        #expect(nodes(resolved) == [.alertsCritical, .cpu, .summary])
        #expect(try sample(.summary, resolved).level == .ok)
    }

    @Test func aSlowServerIsNotToldSamplesButAlerts() {
        let probe = Probe(rules: [rule])
        _ = probe.tick(cpu: 5)
        let entries = probe.tick(cpu: 95, hasRoom: false)
        #expect(nodes(entries) == [.alertsCritical])
        #expect(entries.contains(.skipped))
        // What was held back is told as soon as there is room.
        #expect(nodes(probe.tick(cpu: 95)) == [.cpu, .summary])
    }
}
