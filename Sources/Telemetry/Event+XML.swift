package import XMPP

extension Event {
    /// Reads `<event/>`.
    package init(_ element: Element) throws(PayloadError) {
        guard element.matches("event", Namespace.lapwing) else { throw .unexpected(element.name) }
        guard let kind = Kind(rawValue: try element.required("kind")) else {
            throw .malformed("kind")
        }
        self.init(
            kind,
            at: try element.instant("at"),
            seq: try element.count("seq") ?? 0,
            run: element["run"] ?? "",
            level: element.level("level") ?? .unknown,
            previous: element.level("previous"),
            alert: element["alert"],
            rule: element["rule"],
            summary: try element.child("summary")?.boundedText() ?? "",
            values: try element.alertValues(),
            labels: try element.labels()
        )
    }

    package var element: Element {
        var element = Element("event", Namespace.lapwing)
        element["kind"] = kind.rawValue
        element["at"] = at.dateTime
        element["seq"] = String(seq)
        element["run"] = run
        element["level"] = level.rawValue
        element["previous"] = previous?.rawValue
        element["alert"] = alert
        element["rule"] = rule
        element.append(Element("summary", Namespace.lapwing, text: summary))
        for value in values { element.append(value.element) }
        for label in labels { element.append(label.element) }
        return element
    }
}
