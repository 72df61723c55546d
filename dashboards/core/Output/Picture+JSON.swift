import Telemetry
import XMPP

/// What `--json` and `--watch` write.
extension Model.Picture {
    /// All hosts, with every value that is known, as one JSON object.
    package var json: String {
        var writer = JSONWriter()
        let hosts = Column.host.sorted(Array(fleet.hosts.values), in: self, reversed: false)
        writer.object { writer in
            writer.member("time", now.dateTime)
            let worst = fleet.worstLevel(at: now, isOnline: isOnline) ?? .unknown
            writer.member("level", worst.rawValue)
            writer.key("hosts")
            writer.array { writer in
                for host in hosts { write(host, &writer) }
            }
        }
        return writer.text
    }

    private func write(_ host: Host, _ writer: inout JSONWriter) {
        writer.object { writer in
            writeHead(host, &writer)
            writer.key("values")
            writer.object { writer in
                for metric in Metric.allCases {
                    writer.key(metric.name)
                    writer.number(host.values[metric])
                }
            }
            writer.key("groups")
            writer.object { writer in
                for node in MonitoringNode.allCases {
                    guard let sample = host.samples[node] else { continue }
                    writer.key(node.rawValue)
                    writer.sample(sample)
                }
            }
            writer.key("alerts")
            writer.array { writer in
                for alert in host.alerts { writer.alert(alert) }
            }
        }
    }

    private func writeHead(_ host: Host, _ writer: inout JSONWriter) {
        writer.member("host", host.name)
        writer.member("jid", host.jid.description)
        writer.member("state", host.state(at: now, isOnline: isOnline).rawValue)
        writer.member("level", host.effectiveLevel(at: now, isOnline: isOnline).rawValue)
        writer.key("age")
        writer.number(host.age(at: now).map { max($0 / .seconds(1), 0) })
    }

    /// One change as a line of JSON; nil for messages that tell nothing of hosts or the connection.
    package func jsonLine(for message: Message) -> String? {
        var writer = JSONWriter()
        switch message {
        case .connection(let connection):
            writer.object { writer in
                writer.member("time", now.dateTime)
                writer.member("kind", "connection")
                writer.connection(connection)
            }
        case .presence(let jid, _), .listed(let jid):
            writer.object { writer in
                writer.member("time", now.dateTime)
                writer.member("kind", "host")
                guard let host = fleet.hosts[jid] else { return }
                writeHead(host, &writer)
            }
        case .report(let report):
            writer.object { writer in
                writer.member("time", now.dateTime)
                writer.report(report)
            }
        case .key, .mouse, .resized, .tick, .feed, .history, .unlisted, .cleared:
            return nil
        }
        return writer.text
    }
}

extension JSONWriter {
    fileprivate mutating func connection(_ connection: Connection) {
        switch connection {
        case .connecting: member("state", "connecting")
        case .online(let jid):
            member("state", "online")
            member("jid", jid.description)
        case .offline(let reason, let retry):
            member("state", "offline")
            member("reason", reason)
            member("retry", retry?.dateTime)
        }
    }

    fileprivate mutating func report(_ report: Report) {
        let host = report.host.local ?? report.host.domain
        switch report.payload {
        case .sample(let sample):
            member("kind", "sample")
            member("host", host)
            member("group", report.node.rawValue)
            key("sample")
            self.sample(sample)
        case .alerts(let list):
            member("kind", "alerts")
            member("host", host)
            member("level", list.level.rawValue)
            key("alerts")
            array { writer in
                for alert in list.alerts { writer.alert(alert) }
            }
        case .event(let event):
            member("kind", "event")
            member("host", host)
            member("event", event.kind.rawValue)
            member("at", event.at.dateTime)
            member("level", event.level.rawValue)
            member("alert", event.alert)
            member("summary", event.summary)
        case .meta(let meta):
            member("kind", "meta")
            member("host", host)
            member("agent", meta.agent)
            member("system", meta.system)
        case .prosody(let value):
            member("kind", "value")
            member("host", host)
            member("name", value.name)
            member("level", value.level?.rawValue)
            key("value")
            number(value.number)
        }
    }

    fileprivate mutating func sample(_ sample: Sample) {
        object { writer in
            writer.member("at", sample.at.dateTime)
            writer.member("level", sample.level.rawValue)
            writer.key("values")
            writer.values(sample.values)
            guard !sample.instances.isEmpty else { return }
            writer.key("instances")
            writer.object { writer in
                for instance in sample.instances {
                    writer.key(instance.name)
                    writer.values(instance.values)
                }
            }
        }
    }

    private mutating func values(_ values: [SampleValue]) {
        object { writer in
            for value in values {
                writer.key(value.name)
                writer.number(value.number)
            }
        }
    }

    fileprivate mutating func alert(_ alert: Alert) {
        object { writer in
            writer.member("id", alert.id)
            writer.member("rule", alert.rule)
            writer.member("level", alert.level.rawValue)
            writer.member("since", alert.since.dateTime)
            writer.member("summary", alert.summary)
        }
    }
}
