package import Telemetry
package import XMPP

/// A host as the dashboard knows it: whether it is there, its last snapshots and their history.
package struct Host: Sendable {
    package let jid: JID
    package var availability: Availability
    /// When a value of the host last counted as fresh.
    package private(set) var heard: Instant?
    /// When the availability last changed, or was last awaited.
    package private(set) var since: Instant
    package private(set) var samples: [MonitoringNode: Sample] = [:]
    package private(set) var alertLists: [Level: AlertList] = [:]
    package private(set) var meta: Meta?
    package private(set) var values = MetricValues()
    private var histories: [History]
    /// When each metric was last told.
    private var told: [Metric: Instant] = [:]
    private var versions: [MonitoringNode: Version] = [:]
    /// The level that a host without agent of ours tells.
    private var plainLevel: Level?

    /// What presence says of a host.
    package enum Availability: String, Sendable {
        /// Known by name only.
        case unseen
        case available, unavailable
    }

    package init(_ jid: JID, at now: Instant) {
        self.jid = jid
        since = now
        availability = .unseen
        histories = Array(repeating: History(), count: Metric.allCases.count)
    }

    /// What the host is called: the account's name.
    package var name: String { jid.local ?? jid.domain }

    package func history(_ metric: Metric) -> History { histories[metric.rawValue] }
}

// MARK: - State

extension Host {
    /// Whether a host is there and whether its values can be believed.
    package enum State: String, Sendable, CaseIterable {
        case up
        /// There, but its values stopped arriving.
        case stale
        case down
        /// We are offline ourselves, and can't know.
        case unknown
    }

    /// The heartbeat where the host's birth tells none.
    package static let usualHeartbeatSeconds = 60.0
    /// Values count as fresh for this many heartbeats: one may be late, two may not.
    package static let staleHeartbeats = 2.5

    /// How long a host may go without presence before it counts as gone.
    ///
    /// Servers tell who is there within milliseconds of our own presence; this leaves room for slow
    /// links.
    package static let presenceWait = Duration.seconds(3)

    /// How long values count as fresh.
    package var freshness: Duration {
        let heartbeat = meta?.heartbeat ?? Self.usualHeartbeatSeconds
        // An hour is more than any agent needs; a birth must not be able to hide its own silence.
        return .milliseconds(Int(min(max(heartbeat, 1), 3600) * 1000 * Self.staleHeartbeats))
    }

    /// How long ago the last value came.
    package func age(at now: Instant) -> Duration? {
        heard.map { now - $0 }
    }

    /// How long ago a metric was told, when that is too long to believe it: one group may stop
    /// while the others go on.
    package func staleAge(of metric: Metric, at now: Instant) -> Duration? {
        guard let told = told[metric], now - told > freshness else { return nil }
        return now - told
    }

    package func state(at now: Instant, isOnline: Bool) -> State {
        guard isOnline else { return .unknown }
        switch availability {
        case .unseen: return now - since > Self.presenceWait ? .down : .unknown
        case .unavailable: return .down
        case .available: break
        }
        // Without a single value, the wait counts from when the host appeared.
        return now - (heard ?? since) > freshness ? .stale : .up
    }

    /// The open alerts, worst first and oldest first within a level.
    package var alerts: [Alert] {
        Level.alerting.flatMap { level in
            (alertLists[level]?.alerts ?? []).sorted { ($0.since, $0.id) < ($1.since, $1.id) }
        }
    }

    /// The worst of what the host itself tells; unknown while it told nothing.
    package var level: Level {
        let levels =
            samples.values.map(\.level)
            + Level.alerting.filter {
                alertLists[$0]?.alerts.isEmpty == false
            }
        return (levels + [plainLevel].compactMap { $0 }).max() ?? .unknown
    }

    /// The level that counts: what can't be believed is unknown, and a host that is gone critical.
    package func effectiveLevel(at now: Instant, isOnline: Bool) -> Level {
        switch state(at: now, isOnline: isOnline) {
        case .up: level
        case .stale, .unknown: max(level, .unknown)
        case .down: .critical
        }
    }
}

// MARK: - What arrives

extension Host {
    /// Takes what presence says.
    mutating func becomes(_ availability: Availability, at now: Instant) {
        guard availability != self.availability else { return }
        self.availability = availability
        since = now
        if availability != .available {
            for index in histories.indices { histories[index].interrupt(at: now) }
        }
    }

    /// From now on presence is to be told anew.
    mutating func awaitPresence(at now: Instant) {
        if availability == .unseen { since = now }
    }

    /// Takes a payload; false when it is older than what is known, or the same again.
    mutating func receive(_ report: Report, at now: Instant) -> Bool {
        switch report.payload {
        case .sample(let sample):
            guard report.node.isGroup, accept(sample.version, of: report.node) else {
                return false
            }
            let taken = moment(report, at: sample.at, now: now)
            samples[report.node] = sample
            hear(taken)
            record(sample, of: report.node, at: taken)
        case .alerts(let list):
            guard MonitoringNode.alerts(list.level) == report.node,
                accept(list.version, of: report.node)
            else { return false }
            alertLists[list.level] = list
            hear(moment(report, at: list.at, now: now))
        case .meta(let meta):
            guard report.node == .meta, accept(meta.version, of: .meta) else { return false }
            self.meta = meta
        case .prosody(let value):
            let taken = report.sent ?? now
            plainLevel = value.level ?? .ok
            if value.name == "load" { note(value.number, of: .load, at: taken) }
            hear(taken)
        case .event: break
        }
        return true
    }

    /// Takes what an archive tells of a node; what lies ahead of our clock is left out.
    mutating func recall(_ aggregates: [Aggregate], of node: MonitoringNode, at now: Instant) {
        var stretches: [Metric: [History.Stretch]] = [:]
        for aggregate in aggregates where aggregate.from <= now {
            for (metric, value) in Readings.of(node, aggregate.highest) {
                let source = Readings.source(of: metric)
                guard let value, node == source || !tells(metric, source) else { continue }
                stretches[metric, default: []].append(
                    .init(start: aggregate.from, end: aggregate.to, highest: value)
                )
            }
        }
        for (metric, stretches) in stretches { histories[metric.rawValue].insert(stretches) }
    }

    /// The groups that graphs are drawn of, as far as the host tells them; the first has the
    /// processor.
    var graphedNodes: [MonitoringNode] {
        [.cpu, .summary, .memory, .pressure].filter { samples[$0] != nil }
    }

    /// Forgets what a node said: it was purged, retracted or deleted.
    mutating func clear(_ node: MonitoringNode) {
        samples[node] = nil
        for (metric, _) in Readings.of(node, Sample(at: Instant(milliseconds: 0))) {
            values[metric] = nil
        }
        for level in Level.alerting where MonitoringNode.alerts(level) == node {
            alertLists[level] = nil
        }
    }

    private mutating func accept(_ version: Version, of node: MonitoringNode) -> Bool {
        guard var known = versions[node] else {
            versions[node] = version
            return true
        }
        guard known.advance(to: version) else { return false }
        versions[node] = known
        return true
    }

    /// The time of a value by the viewer's clock.
    ///
    /// An item that was kept for us tells when it was published; a live one is of now, whatever the
    /// host's clock says. Only the first of a host, when it has no stamp, is taken at its own word:
    /// a server need not stamp the last item that it kept.
    private func moment(_ report: Report, at said: Instant, now: Instant) -> Instant {
        if let sent = report.sent { return min(sent, now) }
        return heard == nil ? min(said, now) : now
    }

    private mutating func hear(_ taken: Instant) {
        heard = max(heard ?? taken, taken)
    }

    private mutating func record(_ sample: Sample, of node: MonitoringNode, at taken: Instant) {
        for (metric, value) in Readings.of(node, sample) {
            let source = Readings.source(of: metric)
            if node != source, tells(metric, source) { continue }
            note(value, of: metric, at: taken)
        }
    }

    private func tells(_ metric: Metric, _ node: MonitoringNode) -> Bool {
        guard let sample = samples[node] else { return false }
        return Readings.of(node, sample).contains { $0.0 == metric && $0.1 != nil }
    }

    private mutating func note(_ value: Double?, of metric: Metric, at taken: Instant) {
        values[metric] = value
        told[metric] = max(told[metric] ?? taken, taken)
        guard let value else { return }
        histories[metric.rawValue].append(value, at: taken)
    }
}

/// Which snapshot of a node one has: `seq` counts within `run`.
struct Version: Sendable {
    var run: String
    var seq: Int
    /// Runs that ended: a late item of one of them is old, whatever its count.
    private var former: [String] = []

    /// Runs remembered: restarts come in tens of seconds, late items within one stream never.
    private static let maximumFormer = 4

    init(run: String, seq: Int) {
        self.run = run
        self.seq = seq
    }

    /// Moves on; false when `other` is not newer.
    ///
    /// Of runs, the one that came later is newer: a host without a battery starts with its clock in
    /// the past, so that times do not tell.
    mutating func advance(to other: Version) -> Bool {
        if other.run == run {
            guard other.seq > seq else { return false }
        } else {
            guard !former.contains(other.run) else { return false }
            former = Array(([run] + former).prefix(Self.maximumFormer))
            run = other.run
        }
        seq = other.seq
        return true
    }
}

extension Sample { fileprivate var version: Version { Version(run: run, seq: seq) } }
extension AlertList { fileprivate var version: Version { Version(run: run, seq: seq) } }
extension Meta { fileprivate var version: Version { Version(run: run, seq: seq) } }
