package import XMPP

extension Aggregate {
    /// Reads `<aggregate/>`.
    package init(_ element: Element) throws(PayloadError) {
        guard element.matches("aggregate", Namespace.lapwing) else {
            throw .unexpected(element.name)
        }
        let from = try element.instant("from")
        let to = try element.instant("to")
        guard from < to else { throw .malformed("to") }
        let count = try element.requiredCount("count")
        let whole = Whole(count: count, known: try element.known(upTo: to - from) ?? (to - from))
        self.init(
            from: from,
            to: to,
            count: count,
            known: whole.known,
            level: element.level("level") ?? .ok,
            values: try Self.values(of: element, whole),
            instances: try Self.instances(of: element, whole),
            truncated: try element.count("truncated") ?? 0
        )
    }

    /// What a value says nothing of is as in the whole.
    private struct Whole {
        var count: Int
        var known: Duration
    }

    private static func values(
        of element: Element,
        _ whole: Whole
    ) throws(PayloadError) -> [AggregateValue] {
        var values: [AggregateValue] = []
        for case .element(let child) in element.children
        where child.matches("v", Namespace.lapwing) {
            guard values.count < PayloadLimits.values else { throw .tooMany("v") }
            values.append(try value(child, whole))
        }
        return values
    }

    private static func value(
        _ element: Element,
        _ whole: Whole
    ) throws(PayloadError) -> AggregateValue {
        guard let last = try element.sampleNumber() else { throw .malformed("v") }
        return AggregateValue(
            try element.boundedName("n"),
            min: try element.number("min") ?? last,
            mean: try element.number("mean") ?? last,
            max: try element.number("max") ?? last,
            last: last,
            count: try element.count("count") ?? whole.count,
            known: try element.known(upTo: whole.known) ?? whole.known
        )
    }

    private static func instances(
        of element: Element,
        _ whole: Whole
    ) throws(PayloadError) -> [AggregateInstance] {
        var instances: [AggregateInstance] = []
        for case .element(let child) in element.children
        where child.matches("i", Namespace.lapwing) {
            guard instances.count < PayloadLimits.instances else { throw .tooMany("i") }
            instances.append(
                AggregateInstance(try child.boundedName("n"), values: try values(of: child, whole))
            )
        }
        return instances
    }
}

extension Element {
    fileprivate func requiredCount(_ name: String) throws(PayloadError) -> Int {
        guard let count = try count(name) else { throw .missing(name) }
        return count
    }

    /// How long something was known: never longer than the period.
    fileprivate func known(upTo most: Duration) throws(PayloadError) -> Duration? {
        guard let seconds = try number("seconds") else { return nil }
        guard seconds >= 0 else { throw .malformed("seconds") }
        // Compared before it is converted: a number may be larger than a duration can be.
        guard seconds < most.seconds else { return most }
        return .milliseconds((seconds * 1000).rounded())
    }
}

extension Duration {
    fileprivate var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}

// MARK: - Writing

extension Aggregate {
    /// The payload as markup.
    ///
    /// Instances that do not fit into ``PayloadLimits/bytes`` are left out and counted in
    /// `truncated`.
    package var raw: RawElement {
        var body = XMLWriter(reserving: 512 + 64 * values.count)
        for value in values { body.write(value, of: self) }
        var written = 0
        var piece = XMLWriter(reserving: 512)
        for instance in instances {
            piece.removeAll()
            piece.write(instance, of: self)
            let room = PayloadLimits.bytes - Self.headBytes - body.bytes.count
            guard piece.bytes.count <= room else { break }
            body.write(raw: piece.bytes)
            written += 1
        }
        var whole = XMLWriter(reserving: body.bytes.count + Self.headBytes)
        writeHead(to: &whole, truncated: truncated + instances.count - written)
        whole.write(raw: body.bytes)
        whole.write(markup: "</aggregate>")
        return RawElement(name: "aggregate", namespace: Namespace.lapwing, bytes: whole.bytes)
    }

    private func writeHead(to whole: inout XMLWriter, truncated: Int) {
        whole.write(markup: "<aggregate")
        whole.attribute("xmlns", Namespace.lapwing)
        whole.attribute("from", from.dateTime)
        whole.attribute("to", to.dateTime)
        whole.attribute("count", String(count))
        if known != to - from { whole.attribute("seconds", Number.text(known.seconds)) }
        if level != .ok { whole.attribute("level", level.rawValue) }
        if truncated > 0 { whole.attribute("truncated", String(truncated)) }
        whole.write(markup: ">")
    }

    /// Bytes kept for the root's tags when instances are counted against the limit.
    private static let headBytes = 300
}

extension XMLWriter {
    /// What is as the text, or as in the whole, is not repeated: most sizes and limits never move.
    fileprivate mutating func write(_ value: AggregateValue, of whole: Aggregate) {
        write(markup: "<v")
        attribute("n", value.name)
        number("min", value.min, unless: value.last)
        number("mean", value.mean, unless: value.last)
        number("max", value.max, unless: value.last)
        if value.count != whole.count { attribute("count", String(value.count)) }
        if value.known != whole.known { number("seconds", value.known.seconds) }
        write(markup: ">")
        write { Number.append(value.last, to: &$0) }
        write(markup: "</v>")
    }

    private mutating func number(_ name: StaticString, _ number: Double, unless last: Double? = nil)
    {
        guard number != last else { return }
        write(markup: " ")
        write(markup: name)
        write(markup: "='")
        write { Number.append(number, to: &$0) }
        write(markup: "'")
    }

    fileprivate mutating func write(_ instance: AggregateInstance, of whole: Aggregate) {
        write(markup: "<i")
        attribute("n", instance.name)
        write(markup: ">")
        for value in instance.values { write(value, of: whole) }
        write(markup: "</i>")
    }
}
