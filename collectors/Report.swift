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

    /// `{"at":…,"groups":{"cpu":{"values":{…},"instances":{"cpu0":{…}}}}}`.
    static func json(_ reading: Reading, host: String) -> String {
        let groups = ordered(reading).map { group in
            var parts = ["\"values\":" + object(group.values)]
            if !group.labels.isEmpty {
                let labels = group.labels.map { quoted($0.name) + ":" + quoted($0.text) }
                parts.append("\"labels\":{" + labels.joined(separator: ",") + "}")
            }
            if !group.instances.isEmpty {
                let instances = group.instances.map { quoted($0.name) + ":" + object($0.values) }
                parts.append("\"instances\":{" + instances.joined(separator: ",") + "}")
            }
            return quoted(group.node.rawValue) + ":{" + parts.joined(separator: ",") + "}"
        }
        return "{\"host\":\(quoted(host)),\"at\":\(quoted(reading.at.dateTime)),\"groups\":{"
            + groups.joined(separator: ",") + "}}\n"
    }

    private static func ordered(_ reading: Reading) -> [Reading.Group] {
        MonitoringNode.allCases.filter { node in
            reading.groups.contains { $0.node == node }
        }.map { reading[$0] }
    }

    private static func object(_ values: [SampleValue]) -> String {
        let members = values.map { value in
            quoted(value.name) + ":" + (value.number.map(Number.text) ?? "null")
        }
        return "{" + members.joined(separator: ",") + "}"
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

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\" + String(scalar)
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
