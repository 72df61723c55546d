package import XMPP

extension Sample {
    /// Reads `<sample/>`.
    package init(_ element: Element) throws(PayloadError) {
        guard element.matches("sample", Namespace.lapwing) else { throw .unexpected(element.name) }
        self.init(
            at: try element.instant("at"),
            seq: try element.count("seq") ?? 0,
            run: element["run"] ?? "",
            level: element.level("level") ?? .ok,
            values: try Self.values(of: element),
            labels: try element.labels(),
            instances: try Self.instances(of: element),
            truncated: try element.count("truncated") ?? 0
        )
    }

    private static func values(of element: Element) throws(PayloadError) -> [SampleValue] {
        var values: [SampleValue] = []
        for case .element(let child) in element.children
        where child.matches("v", Namespace.lapwing) {
            guard values.count < PayloadLimits.values else { throw .tooMany("v") }
            values.append(SampleValue(try child.boundedName("n"), try child.sampleNumber()))
        }
        return values
    }

    private static func instances(of element: Element) throws(PayloadError) -> [SampleInstance] {
        var instances: [SampleInstance] = []
        for case .element(let child) in element.children
        where child.matches("i", Namespace.lapwing) {
            guard instances.count < PayloadLimits.instances else { throw .tooMany("i") }
            instances.append(
                SampleInstance(
                    try child.boundedName("n"),
                    values: try values(of: child),
                    labels: try child.labels()
                )
            )
        }
        return instances
    }
}

extension Sample {
    /// The payload as markup, written straight to bytes: samples go out every second, and a tree
    /// of a hundred elements would cost more than reading /proc does.
    ///
    /// What does not fit into ``PayloadLimits/bytes`` is left out and counted in `truncated`.
    package var raw: RawElement {
        var body = XMLWriter(reserving: 512 + 40 * values.count)
        for value in values { body.write(value) }
        for label in labels { body.write(label) }
        var written = 0
        var piece = XMLWriter(reserving: 512)
        for instance in instances {
            piece.removeAll()
            piece.write(instance)
            let room = PayloadLimits.bytes - Self.headBytes - body.bytes.count
            guard piece.bytes.count <= room else { break }
            body.write(raw: piece.bytes)
            written += 1
        }
        var whole = XMLWriter(reserving: body.bytes.count + Self.headBytes)
        writeHead(to: &whole, truncated: truncated + instances.count - written)
        whole.write(raw: body.bytes)
        whole.write(markup: "</sample>")
        return RawElement(name: "sample", namespace: Namespace.lapwing, bytes: whole.bytes)
    }

    private func writeHead(to whole: inout XMLWriter, truncated: Int) {
        whole.write(markup: "<sample")
        whole.attribute("xmlns", Namespace.lapwing)
        whole.attribute("at", at.dateTime)
        whole.attribute("seq", String(seq))
        whole.attribute("run", run)
        whole.attribute("level", level.rawValue)
        if truncated > 0 { whole.attribute("truncated", String(truncated)) }
        whole.write(markup: ">")
    }

    /// Bytes kept for the root's tags when instances are counted against the limit.
    private static let headBytes = 400
}

extension XMLWriter {
    fileprivate mutating func write(_ value: SampleValue) {
        write(markup: "<v")
        attribute("n", value.name)
        guard let number = value.number, number.isFinite else {
            return write(markup: " unknown='1'/>")
        }
        write(markup: ">")
        write { Number.append(number, to: &$0) }
        write(markup: "</v>")
    }

    fileprivate mutating func write(_ label: Label) {
        write(markup: "<label")
        attribute("n", label.name)
        write(markup: ">")
        write(text: label.text)
        write(markup: "</label>")
    }

    fileprivate mutating func write(_ instance: SampleInstance) {
        write(markup: "<i")
        attribute("n", instance.name)
        write(markup: ">")
        for value in instance.values { write(value) }
        for label in instance.labels { write(label) }
        write(markup: "</i>")
    }
}
