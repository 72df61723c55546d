package import XMPP

/// The birth of a host: what its agent is and what each of its numbers means.
package struct Meta: Sendable, Hashable {
    package var at: Instant
    package var seq: Int
    package var run: String
    /// The agent's version.
    package var agent: String
    /// The kernel's boot id, which changes with each boot of the host.
    package var boot: String
    /// `Linux 6.1.0-18-amd64 x86_64`.
    package var system: String
    /// Seconds between two readings.
    package var interval: Double
    /// Seconds after which a group is published though nothing moved.
    package var heartbeat: Double
    package var metrics: [MetricDescription]

    package init(
        at: Instant,
        seq: Int = 0,
        run: String = "",
        agent: String,
        boot: String,
        system: String = "",
        interval: Double,
        heartbeat: Double,
        metrics: [MetricDescription] = []
    ) {
        self.at = at
        self.seq = seq
        self.run = run
        self.agent = agent
        self.boot = boot
        self.system = system
        self.interval = interval
        self.heartbeat = heartbeat
        self.metrics = metrics
    }
}

/// What one number means; declared once so that samples stay small.
package struct MetricDescription: Sendable, Hashable {
    package var group: MonitoringNode
    /// The short name in samples.
    package var name: String
    package var kind: Kind
    package var unit: Unit
    /// Whether it stands in instances rather than in the group itself.
    package var perInstance: Bool
    /// node_exporter's name for the same thing; nil where it has none.
    package var canonical: String?
    package var labels: [Label]
    package var range: ClosedRange<Double>?
    package var thresholds: [Threshold]

    /// How the number behaves.
    package enum Kind: String, Sendable {
        /// Goes up and down.
        case gauge
        /// A counter's increase, per second.
        case rate
        /// Only ever grows, until its source restarts.
        case counter
    }

    /// What the number counts, as payloads write it.
    package enum Unit: String, Sendable {
        case none = ""
        case percent = "%"
        case bytes = "B"
        case bytesPerSecond = "B/s"
        case perSecond = "/s"
        case seconds = "s"
        case milliseconds = "ms"
    }

    package init(
        _ group: MonitoringNode,
        _ name: String,
        _ kind: Kind = .gauge,
        _ unit: Unit = .none,
        perInstance: Bool = false,
        canonical: String? = nil,
        labels: [Label] = [],
        range: ClosedRange<Double>? = nil,
        thresholds: [Threshold] = []
    ) {
        self.group = group
        self.name = name
        self.kind = kind
        self.unit = unit
        self.perInstance = perInstance
        self.canonical = canonical
        self.labels = labels
        self.range = range
        self.thresholds = thresholds
    }
}

/// Where a level begins, and where it ends again: two values, so that a number that trembles at
/// the edge does not fire again and again.
package struct Threshold: Sendable, Hashable {
    package var level: Level
    package var side: Side
    /// The level holds from here on.
    package var value: Double
    /// It ends only when this is passed on the way back.
    package var clear: Double

    /// Which side of the value is bad.
    package enum Side: String, Sendable {
        case above, below
    }

    package init(_ level: Level, _ side: Side, _ value: Double, clear: Double) {
        self.level = level
        self.side = side
        self.value = value
        self.clear = clear
    }

    /// Whether `number` is bad, given whether it was before.
    package func holds(_ number: Double, held: Bool) -> Bool {
        switch side {
        case .above: number >= value || (held && number > clear)
        case .below: number <= value || (held && number < clear)
        }
    }
}
