/// When a number is an alert: thresholds of one or both severities over one value of one group.
package struct AlertRule: Sendable, Hashable {
    /// The rule's name, with which the ids of its alerts begin.
    package var id: String
    package var node: MonitoringNode
    /// The name of the value that is watched.
    package var value: String
    package var scope: Scope
    package var thresholds: [Threshold]
    /// How long the threshold must be passed without a break.
    package var duration: Duration
    /// Holds only while another value is below a bound as well: 98 % of 20 TB is no emergency.
    package var onlyBelow: Bound?
    /// What it is called in the summary: `cpu`, `inodes of`.
    package var title: String

    /// Which numbers of the group a rule looks at.
    package enum Scope: Sendable, Hashable {
        case group
        case instance(String)
        case everyInstance
    }

    /// Another value of the same group or instance, and what it must be below.
    package struct Bound: Sendable, Hashable {
        package var value: String
        package var limit: Double

        package init(_ value: String, _ limit: Double) {
            self.value = value
            self.limit = limit
        }
    }

    package init(
        _ id: String,
        _ node: MonitoringNode,
        _ value: String,
        _ scope: Scope = .group,
        title: String,
        thresholds: [Threshold],
        for duration: Duration,
        onlyBelow: Bound? = nil
    ) {
        self.id = id
        self.node = node
        self.value = value
        self.scope = scope
        self.title = title
        self.thresholds = thresholds.sorted { $0.level > $1.level }
        self.duration = duration
        self.onlyBelow = onlyBelow
    }
}

extension AlertRule {
    /// The rules that every agent has.
    ///
    /// The numbers are those that netdata ships after years of
    /// complaints, apart from memory, which goes by what is available, and pressure, where tasks
    /// that wait half the time are felt by everybody.
    package static let standard: [AlertRule] = [
        AlertRule(
            "cpu",
            .cpu,
            "used",
            title: "cpu",
            thresholds: both(.above, (85, 75), (95, 85)),
            for: .seconds(300)
        ),
        AlertRule(
            "memory",
            .memory,
            "used",
            title: "memory",
            thresholds: both(.above, (90, 85), (95, 90)),
            for: .seconds(30)
        ),
        AlertRule(
            "disk-full",
            .filesystem,
            "used",
            .everyInstance,
            title: "space of",
            thresholds: both(.above, (90, 80), (98, 90)),
            for: .seconds(10),
            onlyBelow: Bound("available", 5_000_000_000)
        ),
        AlertRule(
            "inodes-full",
            .filesystem,
            "inodes-used",
            .everyInstance,
            title: "inodes of",
            thresholds: both(.above, (90, 80), (98, 90)),
            for: .seconds(10)
        ),
        pressure("cpu", (60, 40), (90, 70)),
        pressure("io", (50, 30), (80, 60)),
        pressure("memory", (20, 10), (50, 30)),
    ]

    private static func pressure(
        _ resource: String,
        _ warning: (value: Double, clear: Double),
        _ critical: (value: Double, clear: Double)
    ) -> AlertRule {
        AlertRule(
            "pressure",
            .pressure,
            "some",
            .instance(resource),
            title: "pressure on",
            thresholds: both(.above, warning, critical),
            for: .seconds(60)
        )
    }

    private static func both(
        _ side: Threshold.Side,
        _ warning: (value: Double, clear: Double),
        _ critical: (value: Double, clear: Double)
    ) -> [Threshold] {
        [
            Threshold(.warning, side, warning.value, clear: warning.clear),
            Threshold(.critical, side, critical.value, clear: critical.clear),
        ]
    }
}
