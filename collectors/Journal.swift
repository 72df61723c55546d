import Telemetry
import XMPP

/// What the agent tells of itself when it begins.
struct Birth: Hashable {
    var version: String
    var boot: String
    var system: String
    var interval: Double
    var heartbeat: Double
}

/// Decides what of each reading is told: groups that moved, alerts, events, the birth.
struct Journal {
    /// Something to tell.
    enum Entry: Hashable {
        case snapshot(MonitoringNode, Element.Node)
        case event(Event)
        /// A group moved, but the server is too slow to be told now.
        case skipped
    }

    private let run: String
    private let host: String
    private let birth: Birth
    private var policy: PublishPolicy
    private var book: AlertBook
    private var sequence: [MonitoringNode: Int] = [:]
    private var isBorn = false

    init(run: String, host: String, birth: Birth, rules: [AlertRule] = AlertRule.standard) {
        self.run = run
        self.host = host
        self.birth = birth
        policy = PublishPolicy(
            minimumInterval: .seconds(min(1, birth.interval)),
            heartbeat: .seconds(birth.heartbeat)
        )
        book = AlertBook(rules: rules)
    }

    /// Completes the reading with its summary and returns what is to be told of it, in order.
    mutating func record(_ reading: inout Reading, at tick: Tick, hasRoom: Bool) -> [Entry] {
        var entries: [Entry] = []
        if !isBorn { entries += begin(reading, at: tick.at) }
        let transitions = book.evaluate(reading, at: tick)
        entries += tell(transitions, at: tick.at)
        let cores = reading[.cpu].instances.count
        Summary.add(to: &reading, cpus: cores, open: book.open)
        for group in reading.groups {
            let level = group.node == .summary ? book.level : book.level(of: group.node)
            guard policy.isDue(group, level: level, at: tick.uptime) else { continue }
            guard hasRoom else {
                entries.append(.skipped)
                continue
            }
            policy.published(group, level: level, at: tick.uptime)
            let sample = Sample(
                at: reading.at,
                seq: next(group.node),
                run: run,
                level: level,
                values: group.values,
                labels: group.labels,
                instances: group.instances
            )
            entries.append(.snapshot(group.node, .raw(sample.raw)))
        }
        return entries
    }

    /// The birth, the alerts there are so far (none), and the event of the start.
    private mutating func begin(_ reading: Reading, at now: Instant) -> [Entry] {
        isBorn = true
        policy.deadbands = Deadbands(memoryTotal: reading[.memory, "total"] ?? 0)
        let meta = Meta(
            at: now,
            seq: next(.meta),
            run: run,
            agent: birth.version,
            boot: birth.boot,
            system: birth.system,
            interval: birth.interval,
            heartbeat: birth.heartbeat,
            metrics: described()
        )
        let event = Event(
            .started,
            at: now,
            seq: next(.events),
            run: run,
            summary: "the agent of \(host) started"
        )
        let lists = Level.alerting.compactMap { list($0, at: now) }
        return [.snapshot(.meta, .element(meta.element))] + lists + [.event(event)]
    }

    /// The event of an end on purpose.
    mutating func end(at now: Instant) -> Event {
        Event(
            .stopped,
            at: now,
            seq: next(.events),
            run: run,
            summary: "the agent of \(host) stopped"
        )
    }

    /// The catalogue with the thresholds of the rules that hold for a whole metric.
    private func described() -> [MetricDescription] {
        Catalogue.metrics.map { metric in
            var metric = metric
            for rule in book.rules where rule.node == metric.group && rule.value == metric.name {
                switch rule.scope {
                case .group where !metric.perInstance, .everyInstance where metric.perInstance:
                    metric.thresholds = rule.thresholds
                case .group, .everyInstance, .instance: break
                }
            }
            return metric
        }
    }

    private mutating func tell(_ transitions: [AlertTransition], at now: Instant) -> [Entry] {
        guard !transitions.isEmpty else { return [] }
        var entries: [Entry] = []
        var touched: Set<Level> = []
        for transition in transitions {
            touched.insert(transition.alert.level)
            if let previous = transition.previous { touched.insert(previous) }
            entries.append(.event(transition.event(at: now, seq: next(.events), run: run)))
        }
        for level in Level.alerting where touched.contains(level) {
            if let entry = list(level, at: now) { entries.append(entry) }
        }
        return entries
    }

    private mutating func list(_ level: Level, at now: Instant) -> Entry? {
        guard let node = MonitoringNode.alerts(level) else { return nil }
        var list = book.list(level, at: now)
        list.run = run
        list.seq = next(node)
        return .snapshot(node, .element(list.element))
    }

    private mutating func next(_ node: MonitoringNode) -> Int {
        sequence[node, default: 0] &+= 1
        return sequence[node, default: 0]
    }
}
