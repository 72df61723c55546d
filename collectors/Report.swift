import Telemetry
import XMPP

/// A reading for people and for scripts: a table, or JSON.
enum Report {
    /// One line a value, the groups in the order of their nodes.
    static func table(_ reading: Reading, inBold: Bool) -> String {
        var text = ""
        for group in ordered(reading) {
            let title = group.node.rawValue
            text += inBold ? "\u{1B}[1m\(title)\u{1B}[0m\n" : title + "\n"
            for value in group.values {
                text += "  " + padded(value.name) + shown(value, group.node) + "\n"
            }
            for label in group.labels {
                text += "  " + padded(label.name + " of") + label.text + "\n"
            }
            for instance in group.instances {
                text += "  " + plain(instance.name) + "\n"
                for value in instance.values {
                    text += "    " + padded(value.name, 18) + shown(value, group.node) + "\n"
                }
            }
        }
        return text
    }

    /// `{"host":…,"at":…,"groups":{"cpu":{"values":{…},"instances":{"cpu0":{…}}}}}`.
    static func json(_ reading: Reading, host: String) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("host", host)
            writer.member("at", reading.at.dateTime)
            writer.key("groups")
            writer.object { writer in
                for group in ordered(reading) {
                    writer.key(group.node.rawValue)
                    writer.object { write(group, to: &$0) }
                }
            }
        }
        return writer.text + "\n"
    }

    private static func write(_ group: Reading.Group, to writer: inout JSONWriter) {
        write(group.values, as: "values", to: &writer)
        if !group.labels.isEmpty {
            writer.key("labels")
            writer.object { writer in
                for label in group.labels { writer.member(label.name, label.text) }
            }
        }
        guard !group.instances.isEmpty else { return }
        writer.key("instances")
        writer.object { writer in
            for instance in group.instances {
                write(instance.values, as: instance.name, to: &writer)
            }
        }
    }

    private static func write(
        _ values: [SampleValue],
        as name: String,
        to writer: inout JSONWriter
    ) {
        writer.key(name)
        writer.object { writer in
            for value in values {
                writer.key(value.name)
                writer.number(value.number)
            }
        }
    }

    private static func ordered(_ reading: Reading) -> [Reading.Group] {
        MonitoringNode.allCases.filter { node in
            reading.groups.contains { $0.node == node }
        }.map { reading[$0] }
    }

    private static func padded(_ name: String, _ width: Int = 20) -> String {
        name + String(repeating: " ", count: max(1, width - name.count))
    }

    private static func shown(_ value: SampleValue, _ node: MonitoringNode) -> String {
        guard let number = value.number else { return "unknown" }
        let unit =
            Catalogue.metrics.first { $0.group == node && $0.name == value.name }?.unit ?? .none
        switch unit {
        case .bytes, .bytesPerSecond: return scaled(number) + unit.rawValue
        case .none: return rounded(number)
        default: return rounded(number) + " " + unit.rawValue
        }
    }

    private static func rounded(_ number: Double) -> String {
        Number.text((number * 100).rounded() / 100)
    }

    /// In powers of 1024, as people read sizes.
    private static func scaled(_ bytes: Double) -> String {
        var number = bytes
        var prefixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi"][...]
        while number >= 1024, prefixes.count > 1 {
            number /= 1024
            prefixes = prefixes.dropFirst()
        }
        return Number.text((number * 10).rounded() / 10) + " " + (prefixes.first ?? "")
    }

    /// A name without what a terminal would obey.
    private static func plain(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { isControl($0) ? "?" : $0 }
            )
        )
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value)
    }
}
