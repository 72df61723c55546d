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
        var body = PayloadBytes(reserving: 512 + 40 * values.count)
        for value in values { body.append(value) }
        for label in labels { body.append(label) }
        var written = 0
        for instance in instances {
            let mark = body.bytes.count
            body.append(instance)
            guard body.bytes.count <= PayloadLimits.bytes - Self.headBytes else {
                body.bytes.removeSubrange(mark...)
                break
            }
            written += 1
        }
        var whole = PayloadBytes(reserving: body.bytes.count + Self.headBytes)
        appendHead(to: &whole, truncated: truncated + instances.count - written)
        whole.bytes.append(contentsOf: body.bytes)
        whole.append("</sample>")
        return RawElement(name: "sample", namespace: Namespace.lapwing, bytes: whole.bytes)
    }

    private func appendHead(to whole: inout PayloadBytes, truncated: Int) {
        whole.append("<sample")
        whole.append(attribute: "xmlns", Namespace.lapwing)
        whole.append(attribute: "at", at.dateTime)
        whole.append(attribute: "seq", String(seq))
        whole.append(attribute: "run", run)
        whole.append(attribute: "level", level.rawValue)
        if truncated > 0 { whole.append(attribute: "truncated", String(truncated)) }
        whole.append(">")
    }

    /// Bytes kept for the root's tags when instances are counted against the limit.
    private static let headBytes = 400
}

/// A payload while it is written.
private struct PayloadBytes {
    var bytes: [UInt8] = []

    init(reserving count: Int) {
        bytes.reserveCapacity(count)
    }

    mutating func append(_ markup: StaticString) {
        markup.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    mutating func append(attribute name: StaticString, _ value: String) {
        append(" ")
        append(name)
        append("='")
        append(escaping: value)
        append("'")
    }

    mutating func append(_ value: SampleValue) {
        append("<v")
        append(attribute: "n", value.name)
        guard let number = value.number, number.isFinite else { return append(" unknown='1'/>") }
        append(">")
        Number.append(number, to: &bytes)
        append("</v>")
    }

    mutating func append(_ label: Label) {
        append("<label")
        append(attribute: "n", label.name)
        append(">")
        append(escaping: label.text)
        append("</label>")
    }

    mutating func append(_ instance: SampleInstance) {
        append("<i")
        append(attribute: "n", instance.name)
        append(">")
        for value in instance.values { append(value) }
        for label in instance.labels { append(label) }
        append("</i>")
    }

    /// Text or attribute; what XML cannot hold becomes `?`, since mount points may be any bytes.
    private mutating func append(escaping text: String) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): append("&amp;")
            case UInt8(ascii: "<"): append("&lt;")
            case UInt8(ascii: ">"): append("&gt;")
            case UInt8(ascii: "'"): append("&apos;")
            case 0x09: append("&#9;")
            case 0x0A: append("&#10;")
            case 0x0D: append("&#13;")
            case 0..<0x20: append("?")
            default: bytes.append(byte)
            }
        }
    }
}
