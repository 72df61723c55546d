import Testing
import XMPP

@testable import Telemetry

struct AlertBookTests {
    private let rule = AlertRule(
        "full",
        .filesystem,
        "used",
        .everyInstance,
        title: "space of",
        thresholds: [
            Threshold(.warning, .above, 90, clear: 80),
            Threshold(.critical, .above, 98, clear: 95),
        ],
        for: .seconds(10),
        onlyBelow: AlertRule.Bound("available", 1000)
    )

    /// A book whose rules are fed one number a second.
    private final class Probe {
        private var book: AlertBook
        private var seconds = 0

        init(_ rules: [AlertRule]) { book = AlertBook(rules: rules) }

        var open: [Alert] { book.open }
        var level: Level { book.level(of: .filesystem) }

        func list(_ level: Level) -> AlertList {
            book.list(level, at: Instant(milliseconds: 0))
        }

        /// Holds the numbers of the mounts for so many seconds; returns all transitions.
        func hold(
            _ mounts: [String: Double?],
            available: Double? = 10,
            for count: Int
        ) -> [AlertTransition] {
            var transitions: [AlertTransition] = []
            for _ in 0..<count {
                seconds += 1
                let at = Instant(milliseconds: Int64(seconds) * 1000)
                var reading = Reading(at: at)
                for (mount, used) in mounts.sorted(by: { $0.key < $1.key }) {
                    let values = [SampleValue("used", used), SampleValue("available", available)]
                    reading.add(.filesystem, SampleInstance(mount, values: values))
                }
                let tick = Tick(
                    at: at,
                    uptime: .seconds(seconds),
                    boottime: .seconds(seconds),
                    elapsed: 1
                )
                transitions += book.evaluate(reading, at: tick)
            }
            return transitions
        }
    }

    @Test func firesOnlyAfterItsDuration() throws {
        let probe = Probe([rule])
        #expect(probe.hold(["/": 92], for: 10).isEmpty)
        let transitions = probe.hold(["/": 92], for: 1)
        let transition = try #require(transitions.first)
        #expect(transition.kind == .fired)
        #expect(transition.alert.id == "full:/")
        #expect(transition.alert.level == .warning)
        #expect(transition.alert.values == [AlertValue("used", 92, threshold: 90, clear: 80)])
        #expect(transition.alert.labels == [Label("mount", "/")])
        #expect(probe.level == .warning)
    }

    @Test func aBreakStartsTheDurationOver() {
        let probe = Probe([rule])
        #expect(probe.hold(["/": 92], for: 9).isEmpty)
        #expect(probe.hold(["/": 89], for: 1).isEmpty)
        #expect(probe.hold(["/": 92], for: 10).isEmpty)
    }

    @Test func clearsOnlyBelowItsClearValue() {
        let probe = Probe([rule])
        _ = probe.hold(["/": 92], for: 11)
        #expect(probe.hold(["/": 81], for: 100).isEmpty)
        let transitions = probe.hold(["/": 80], for: 5)
        #expect(transitions.map(\.kind) == [.resolved])
        #expect(transitions.first?.alert.state == .resolved)
        #expect(probe.open.isEmpty)
        #expect(probe.list(.warning).alerts.isEmpty)
    }

    @Test func getsWorseAndBetterAsOneAlert() {
        let probe = Probe([rule])
        _ = probe.hold(["/": 92], for: 11)
        let since = probe.open.first?.since
        let worse = probe.hold(["/": 99], for: 11)
        #expect(worse.map(\.kind) == [.changed])
        #expect(worse.first?.previous == .warning)
        #expect(probe.list(.critical).alerts.map(\.id) == ["full:/"])
        #expect(probe.list(.warning).alerts.isEmpty)
        #expect(probe.hold(["/": 96], for: 20).isEmpty)
        let better = probe.hold(["/": 94], for: 1)
        #expect(better.map(\.alert.level) == [.warning])
        #expect(probe.open.first?.since == since)
    }

    @Test func anUnknownNumberChangesNothing() {
        let probe = Probe([rule])
        _ = probe.hold(["/": 92], for: 11)
        #expect(probe.hold(["/": nil], for: 100).isEmpty)
        #expect(probe.open.count == 1)
    }

    @Test func anInstanceThatIsGoneResolves() {
        let probe = Probe([rule])
        _ = probe.hold(["/": 92, "/mnt": 99], for: 11)
        #expect(probe.open.map(\.id) == ["full:/mnt", "full:/"])
        let transitions = probe.hold(["/": 92], for: 1)
        #expect(transitions.map(\.alert.id) == ["full:/mnt"])
        #expect(transitions.map(\.kind) == [.resolved])
    }

    @Test func aSecondConditionHoldsItBack() {
        let probe = Probe([rule])
        #expect(probe.hold(["/": 99], available: 5000, for: 20).isEmpty)
        #expect(probe.hold(["/": 99], available: 999, for: 11).count == 1)
        #expect(probe.hold(["/": 99], available: 5000, for: 1).map(\.kind) == [.resolved])
    }

    @Test(arguments: [
        (Threshold.Side.above, 90.0, true), (.above, 89.9, false),
        (.below, 90.0, true), (.below, 90.1, false),
    ])
    func thresholdsIncludeTheirValue(side: Threshold.Side, number: Double, holds: Bool) {
        let clear = side == .above ? 80.0 : 95.0
        #expect(Threshold(.warning, side, 90, clear: clear).holds(number, held: false) == holds)
    }

    @Test func theStandardRulesWatchWhatTheCatalogueHas() {
        for rule in AlertRule.standard {
            let isInstance = rule.scope != .group
            #expect(Catalogue.metric(rule.node, rule.value, perInstance: isInstance) != nil)
            for threshold in rule.thresholds where threshold.side == .above {
                #expect(threshold.clear < threshold.value)
            }
        }
    }

    @Test func aTransitionBecomesAnEntryOfTheLog() throws {
        let probe = Probe([rule])
        let transition = try #require(probe.hold(["/": 92], for: 11).first)
        let event = transition.event(at: Instant(milliseconds: 5), seq: 3, run: "r")
        #expect(event.itemID == "r-3")
        #expect(event.alert == "full:/")
        #expect(event.level == .warning)
        #expect(event.summary == "space of / is at 92 %, at or above 90")
    }
}
