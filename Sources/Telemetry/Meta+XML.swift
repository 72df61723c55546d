package import XMPP

extension Meta {
    /// Reads `<meta/>`.
    package init(_ element: Element) throws(PayloadError) {
        guard element.matches("meta", Namespace.lapwing) else { throw .unexpected(element.name) }
        var metrics: [MetricDescription] = []
        for child in element.elements where child.matches("metric", Namespace.lapwing) {
            guard metrics.count < PayloadLimits.metrics else { throw .tooMany("metric") }
            if let metric = try MetricDescription(child) { metrics.append(metric) }
        }
        self.init(
            at: try element.instant("at"),
            seq: try element.count("seq") ?? 0,
            run: element["run"] ?? "",
            agent: element["agent"] ?? "",
            boot: element["boot"] ?? "",
            system: element["system"] ?? "",
            interval: try element.number("interval") ?? 1,
            heartbeat: try element.number("heartbeat") ?? 60,
            metrics: metrics
        )
    }

    package var element: Element {
        var element = Element("meta", Namespace.lapwing)
        element["at"] = at.dateTime
        element["seq"] = String(seq)
        element["run"] = run
        element["agent"] = agent
        element["boot"] = boot
        element["system"] = system
        element["interval"] = Number.text(interval)
        element["heartbeat"] = Number.text(heartbeat)
        for metric in metrics { element.append(metric.element) }
        return element
    }
}

extension MetricDescription {
    /// Reads a `<metric/>`; nil for a group that this version does not know.
    fileprivate init?(_ element: Element) throws(PayloadError) {
        guard let group = MonitoringNode(rawValue: try element.required("group")) else {
            return nil
        }
        let lowest = try element.number("min")
        let highest = try element.number("max")
        var range: ClosedRange<Double>?
        if let lowest, let highest, lowest <= highest { range = lowest...highest }
        var thresholds: [Threshold] = []
        for child in element.elements where child.matches("threshold", Namespace.lapwing) {
            guard thresholds.count < PayloadLimits.values else { throw .tooMany("threshold") }
            thresholds.append(try Threshold(child))
        }
        self.init(
            group,
            try element.boundedName("n"),
            element["type"].flatMap(Kind.init(rawValue:)) ?? .gauge,
            element["unit"].flatMap(Unit.init(rawValue:)) ?? .none,
            perInstance: element["instances"] == "1",
            canonical: element["name"],
            labels: try element.labels(),
            range: range,
            thresholds: thresholds
        )
    }

    fileprivate var element: Element {
        var element = Element("metric", Namespace.lapwing)
        element["group"] = group.rawValue
        element["n"] = name
        element["type"] = kind.rawValue
        if unit != .none { element["unit"] = unit.rawValue }
        if perInstance { element["instances"] = "1" }
        element["name"] = canonical
        element["min"] = range.map { Number.text($0.lowerBound) }
        element["max"] = range.map { Number.text($0.upperBound) }
        for label in labels { element.append(label.element) }
        for threshold in thresholds { element.append(threshold.element) }
        return element
    }
}

extension Threshold {
    fileprivate init(_ element: Element) throws(PayloadError) {
        guard let value = try element.number("value") else { throw .missing("value") }
        self.init(
            element.level("level") ?? .unknown,
            element["side"].flatMap(Side.init(rawValue:)) ?? .above,
            value,
            clear: try element.number("clear") ?? value
        )
    }

    fileprivate var element: Element {
        var element = Element("threshold", Namespace.lapwing)
        element["level"] = level.rawValue
        element["side"] = side.rawValue
        element["value"] = Number.text(value)
        element["clear"] = Number.text(clear)
        return element
    }
}
