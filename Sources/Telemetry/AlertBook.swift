package import XMPP

/// What became of an alert at one tick.
package struct AlertTransition: Sendable, Hashable {
    package var kind: Event.Kind
    /// The alert as it is after the transition; of a resolved one, as it was.
    package var alert: Alert
    package var previous: Level?
}

/// The open alerts of a host, kept by evaluating the rules at every tick.
///
/// A number that is unknown changes nothing: it neither fires nor clears. An instance that is
/// gone (a disk that was unplugged) resolves its alerts.
package struct AlertBook: Sendable {
    package let rules: [AlertRule]
    private var watches: [Key: Watch] = [:]

    package init(rules: [AlertRule] = AlertRule.standard) {
        self.rules = rules
    }

    /// One number under one rule.
    private struct Key: Hashable, Sendable {
        var rule: Int
        var instance: String
    }

    /// How a number stands to the thresholds of its rule, in their order.
    private struct Watch: Sendable {
        var states: [State]
        var alert: Alert?
        var seen = false

        enum State: Sendable, Hashable {
            case clear
            case passed(since: Duration)
            case active

            func next(_ holds: Bool, for duration: Duration, at now: Duration) -> Self {
                guard holds else { return .clear }
                switch self {
                case .clear: return duration <= .zero ? .active : .passed(since: now)
                case .passed(let since): return now - since >= duration ? .active : self
                case .active: return .active
                }
            }
        }
    }

    /// All open alerts, worst first and then by id.
    package var open: [Alert] {
        watches.values.compactMap(\.alert)
            .sorted { ($1.level, $0.id) < ($0.level, $1.id) }
    }

    /// The snapshot of one level.
    package func list(_ level: Level, at now: Instant) -> AlertList {
        AlertList(level: level, at: now, alerts: open.filter { $0.level == level })
    }

    /// The worst open alert of a group's own rules.
    package func level(of node: MonitoringNode) -> Level {
        var worst = Level.ok
        for (key, watch) in watches where rules[key.rule].node == node {
            if let alert = watch.alert { worst = max(worst, alert.level) }
        }
        return worst
    }

    /// The worst open alert of the host.
    package var level: Level {
        watches.values.reduce(.ok) { max($0, $1.alert?.level ?? .ok) }
    }

    /// Looks at every number that a rule watches; returns what changed.
    package mutating func evaluate(_ reading: Reading, at tick: Tick) -> [AlertTransition] {
        var transitions: [AlertTransition] = []
        for key in watches.keys { watches[key]?.seen = false }
        for (index, rule) in rules.enumerated() {
            let group = reading[rule.node]
            switch rule.scope {
            case .group:
                let key = Key(rule: index, instance: "")
                step(key, group.values, at: tick, &transitions)
            case .instance(let name):
                guard let instance = group.instances.first(where: { $0.name == name }) else {
                    continue
                }
                step(Key(rule: index, instance: name), instance.values, at: tick, &transitions)
            case .everyInstance:
                for instance in group.instances {
                    let key = Key(rule: index, instance: instance.name)
                    step(key, instance.values, at: tick, &transitions)
                }
            }
        }
        return transitions + forgetUnseen()
    }

    /// Drops what is no longer there; its alerts are resolved.
    private mutating func forgetUnseen() -> [AlertTransition] {
        var gone: [AlertTransition] = []
        for (key, watch) in watches where !watch.seen {
            watches[key] = nil
            if let alert = watch.alert { gone.append(Self.resolved(alert)) }
        }
        return gone.sorted { $0.alert.id < $1.alert.id }
    }

    private mutating func step(
        _ key: Key,
        _ values: [SampleValue],
        at tick: Tick,
        _ transitions: inout [AlertTransition]
    ) {
        let rule = rules[key.rule]
        var watch =
            watches[key]
            ?? Watch(states: Array(repeating: .clear, count: rule.thresholds.count))
        watch.seen = true
        defer { watches[key] = watch }
        guard let number = values.first(where: { $0.name == rule.value })?.number else { return }
        let bounded = rule.isBounded(values)
        var active: Threshold?
        for (index, threshold) in rule.thresholds.enumerated() {
            let state = watch.states[index]
            let holds = bounded && threshold.holds(number, held: state == .active)
            watch.states[index] = state.next(holds, for: rule.duration, at: tick.uptime)
            if watch.states[index] == .active, active == nil { active = threshold }
        }
        let before = watch.alert
        watch.alert = active.map {
            rule.alert(key.instance, number, $0, since: before?.since ?? tick.at)
        }
        if let transition = Self.transition(from: before, to: watch.alert) {
            transitions.append(transition)
        }
    }

    private static func transition(from before: Alert?, to now: Alert?) -> AlertTransition? {
        switch (before, now) {
        case (nil, nil): nil
        case (nil, let now?): AlertTransition(kind: .fired, alert: now)
        case (let before?, nil): resolved(before)
        case (let before?, let now?):
            before.level == now.level
                ? nil
                : AlertTransition(kind: .changed, alert: now, previous: before.level)
        }
    }

    private static func resolved(_ alert: Alert) -> AlertTransition {
        var alert = alert
        alert.state = .resolved
        return AlertTransition(kind: .resolved, alert: alert, previous: alert.level)
    }
}

extension AlertRule {
    /// Whether the second condition holds; an unknown value does not hold anything back.
    fileprivate func isBounded(_ values: [SampleValue]) -> Bool {
        guard let onlyBelow,
            let number = values.first(where: { $0.name == onlyBelow.value })?.number
        else { return true }
        return number < onlyBelow.limit
    }

    fileprivate func alert(
        _ instance: String,
        _ number: Double,
        _ threshold: Threshold,
        since: Instant
    ) -> Alert {
        let unit = Catalogue.metrics.first { $0.group == node && $0.name == value }?.unit.rawValue
        let place = instance.isEmpty ? title : title + " " + instance
        let text = Number.text((number * 10).rounded() / 10) + (unit.map { " " + $0 } ?? "")
        let side = threshold.side == .above ? "at or above" : "at or below"
        return Alert(
            id: instance.isEmpty ? id : id + ":" + instance,
            rule: id,
            level: threshold.level,
            since: since,
            summary: "\(place) is at \(text), \(side) \(Number.text(threshold.value))",
            values: [
                AlertValue(value, number, threshold: threshold.value, clear: threshold.clear)
            ],
            labels: instance.isEmpty
                ? [] : [Label(node == .filesystem ? "mount" : "instance", instance)]
        )
    }
}

extension AlertTransition {
    /// The transition as an entry of the log.
    package func event(at now: Instant, seq: Int, run: String) -> Event {
        Event(
            kind,
            at: now,
            seq: seq,
            run: run,
            level: alert.level,
            previous: previous,
            alert: alert.id,
            rule: alert.rule,
            summary: kind == .resolved ? "resolved: " + alert.summary : alert.summary,
            values: alert.values,
            labels: alert.labels
        )
    }
}
