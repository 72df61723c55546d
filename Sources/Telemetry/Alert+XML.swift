package import XMPP

extension AlertList {
    /// Reads `<alerts/>`.
    package init(_ element: Element) throws(PayloadError) {
        guard element.matches("alerts", Namespace.lapwing) else { throw .unexpected(element.name) }
        let level = element.level("level") ?? .unknown
        var alerts: [Alert] = []
        for child in element.elements where child.matches("alert", Namespace.lapwing) {
            guard alerts.count < PayloadLimits.alerts else { throw .tooMany("alert") }
            alerts.append(try Alert(child, level: level))
        }
        self.init(
            level: level,
            at: try element.instant("at"),
            seq: try element.count("seq") ?? 0,
            run: element["run"] ?? "",
            alerts: alerts,
            truncated: try element.count("truncated") ?? 0
        )
    }

    /// The payload; alerts past ``PayloadLimits/bytes`` are left out and counted in `truncated`.
    package var element: Element {
        var element = Element("alerts", Namespace.lapwing)
        element["level"] = level.rawValue
        element["at"] = at.dateTime
        element["seq"] = String(seq)
        element["run"] = run
        var room = PayloadLimits.bytes - Self.headBytes
        var written = 0
        for alert in alerts.prefix(PayloadLimits.alerts) {
            room -= alert.bytesAtMost
            guard room >= 0 else { break }
            element.append(alert.element)
            written += 1
        }
        let left = truncated + alerts.count - written
        if left > 0 { element["truncated"] = String(left) }
        return element
    }

    /// Bytes kept for the root's own tags.
    private static let headBytes = 400
}

extension Alert {
    fileprivate init(_ element: Element, level: Level) throws(PayloadError) {
        let id = try element.boundedName("id")
        self.init(
            id: id,
            rule: element["rule"] ?? id,
            state: element["state"].flatMap(State.init(rawValue:)) ?? .firing,
            level: level,
            since: try element.instant("since"),
            summary: try element.child("summary")?.boundedText() ?? "",
            values: try element.alertValues(),
            labels: try element.labels()
        )
    }

    fileprivate var element: Element {
        var element = Element("alert", Namespace.lapwing)
        element["id"] = id
        element["rule"] = rule
        element["state"] = state.rawValue
        element["since"] = since.dateTime
        element.append(Element("summary", Namespace.lapwing, text: summary))
        for value in values { element.append(value.element) }
        for label in labels { element.append(label.element) }
        return element
    }

    /// The alert standing by itself, as the fleet service shows it: with its level and its host.
    package func element(of host: String) -> Element {
        var element = element
        element["host"] = host
        element["level"] = level.rawValue
        return element
    }

    /// A bound of the bytes on the wire: every text escaped sixfold at worst, tags around it.
    fileprivate var bytesAtMost: Int {
        var texts = id.utf8.count + rule.utf8.count + summary.utf8.count
        for label in labels { texts += label.name.utf8.count + label.text.utf8.count }
        for value in values { texts += value.name.utf8.count }
        return 6 * texts + 200 + 100 * values.count + 30 * labels.count
    }
}
