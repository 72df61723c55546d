import Dashboard
import Telemetry
import XMPP

/// Hosts, samples and models for the tests.
enum Fixture {
    static let start = Instant(milliseconds: 1_700_000_000_000)
    static let viewer = JID(normalizedLocal: "alice", domain: "example.org", resource: "top")

    static func host(_ name: String) -> JID {
        JID(normalizedLocal: name, domain: "example.org")
    }

    static func after(_ seconds: Double) -> Instant {
        start + .milliseconds(Int(seconds * 1000))
    }

    /// An online model with nothing in it.
    static func model(
        _ columns: Int = 120,
        _ rows: Int = 24,
        graphs: GraphStyle = .braille,
        isUnicode: Bool = true
    ) -> Model {
        var model = Model(
            size: Size(columns: columns, rows: rows),
            now: start,
            graphs: graphs,
            isUnicode: isUnicode
        )
        _ = model.update(.connection(.online(viewer)))
        return model
    }

    static func summary(
        cpu: Double,
        level: Level = .ok,
        seq: Int = 1,
        run: String = "r1",
        at: Instant = start
    ) -> Sample {
        let numbers = [
            ("cpu", cpu), ("memory", 43), ("load1", 0.42), ("filesystem", 81), ("rx", 1_258_291),
            ("tx", 307_200), ("pressure", 0.4),
        ]
        return Sample(
            at: at,
            seq: seq,
            run: run,
            level: level,
            values: numbers.map { SampleValue($0.0, $0.1) }
        )
    }

    static func report(
        _ host: JID,
        _ node: MonitoringNode,
        _ payload: MonitoringPayload,
        item: String? = "current",
        sent: Instant? = nil
    ) -> Message {
        .report(Report(host: host, node: node, item: item, payload: payload, sent: sent))
    }

    static func alerts(_ level: Level, _ ids: [String], seq: Int = 1) -> MonitoringPayload {
        .alerts(
            AlertList(
                level: level,
                at: start,
                seq: seq,
                run: "r1",
                alerts: ids.map {
                    Alert(id: $0, rule: $0, level: level, since: start, summary: $0 + " is bad")
                }
            )
        )
    }

    /// Three hosts: one well, one with a warning, one gone.
    static func threeHosts(_ columns: Int = 120, _ rows: Int = 24) -> Model {
        var model = model(columns, rows)
        let messages: [Message] = [
            .presence(host("web1"), .available),
            report(host("web1"), .summary, .sample(summary(cpu: 12.3))),
            .presence(host("db1"), .available),
            report(host("db1"), .summary, .sample(summary(cpu: 97, level: .warning))),
            report(host("db1"), .alertsWarning, alerts(.warning, ["cpu-high"])),
            .presence(host("mail"), .available),
            report(host("mail"), .summary, .sample(summary(cpu: 3))),
            .presence(host("mail"), .unavailable),
        ]
        for message in messages { _ = model.update(message) }
        return model
    }
}

extension Model {
    /// Presses keys one after the other.
    @discardableResult
    mutating func press(_ keys: Key...) -> [Command] {
        keys.flatMap { update(.key($0)) }
    }

    /// Types a text.
    mutating func type(_ text: String) {
        for scalar in text.unicodeScalars { press(.character(scalar)) }
    }

    /// The host names of the table, from above.
    var shownHosts: [String] { hostRows.map(\.name) }
}
