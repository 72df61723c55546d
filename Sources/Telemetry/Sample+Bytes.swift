import XMPP

extension Sample {
    /// Reads a payload as bytes.
    ///
    /// What an agent writes is read straight from them, which costs a fifth of a tree; markup that
    /// says the same in another form (a prefix, an entity, a comment) is read through one.
    package init(parsing bytes: [UInt8]) throws {
        var reader = SampleReader(bytes)
        if let sample = reader.sample() {
            self = sample
        } else {
            try self.init(Element(parsing: bytes))
        }
    }
}

/// Reads the plain form of a sample: no prefixes, entities, comments or unknown elements.
///
/// It never refuses: whatever is not plain is nil, and left to the parser.
private struct SampleReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func sample() -> Sample? {
        guard take("<sample"), let attributes = attributes(), !attributes.isEmptyElement,
            attributes.namespace == Namespace.lapwing,
            let at = attributes.at.flatMap(Instant.init(dateTime:)),
            let seq = Self.count(attributes.seq),
            let truncated = Self.count(attributes.truncated)
        else { return nil }
        var sample = Sample(
            at: at,
            seq: seq,
            run: attributes.run ?? "",
            level: attributes.level.map { Level(rawValue: $0) ?? .unknown } ?? .ok,
            truncated: truncated
        )
        while !take("</sample>") {
            if take("<i"), let instance = instance() {
                guard sample.instances.count < PayloadLimits.instances else { return nil }
                sample.instances.append(instance)
            } else if !child(&sample.values, &sample.labels) {
                return nil
            }
        }
        return position == bytes.count ? sample : nil
    }

    private static func count(_ text: String?) -> Int? {
        guard let text else { return 0 }
        return Int(text).flatMap { $0 >= 0 ? $0 : nil }
    }

    private mutating func instance() -> SampleInstance? {
        guard let attributes = attributes(), let name = attributes.boundedName else { return nil }
        var instance = SampleInstance(name)
        if attributes.isEmptyElement { return instance }
        while !take("</i>") {
            guard child(&instance.values, &instance.labels) else { return nil }
        }
        return instance
    }

    /// Reads a value or a label; false when neither stands here.
    private mutating func child(_ values: inout [SampleValue], _ labels: inout [Label]) -> Bool {
        if take("<v") {
            guard values.count < PayloadLimits.values, let value = value() else { return false }
            values.append(value)
        } else if take("<label") {
            guard labels.count < PayloadLimits.values, let label = label() else { return false }
            labels.append(label)
        } else {
            return false
        }
        return true
    }

    private mutating func value() -> SampleValue? {
        guard let attributes = attributes(), let name = attributes.boundedName else { return nil }
        if attributes.isEmptyElement {
            return attributes.unknown == "1" ? SampleValue(name, nil) : nil
        }
        guard attributes.unknown == nil, let number = number(), take("</v>") else { return nil }
        return SampleValue(name, number)
    }

    private mutating func label() -> Label? {
        guard let attributes = attributes(), let name = attributes.boundedName else { return nil }
        if attributes.isEmptyElement { return Label(name, "") }
        guard let text = text(until: UInt8(ascii: "<")), take("</label>"),
            text.utf8.count <= PayloadLimits.textBytes
        else { return nil }
        return Label(name, text)
    }
}

// MARK: - Attributes

extension SampleReader {
    /// The attributes of one start tag.
    private struct Attributes {
        var namespace: String?
        var at: String?
        var seq: String?
        var run: String?
        var level: String?
        var truncated: String?
        var name: String?
        var unknown: String?
        var isEmptyElement = false

        /// The name of a child; nil also where it declares a namespace.
        var boundedName: String? {
            guard namespace == nil, let name, !name.isEmpty,
                name.utf8.count <= PayloadLimits.nameBytes
            else { return nil }
            return name
        }
    }

    /// Reads up to the end of the start tag.
    private mutating func attributes() -> Attributes? {
        var attributes = Attributes()
        while true {
            if take(">") { return attributes }
            if take("/>") {
                attributes.isEmptyElement = true
                return attributes
            }
            guard take(" "), attribute(&attributes) else { return nil }
        }
    }

    private mutating func attribute(_ attributes: inout Attributes) -> Bool {
        if take("n=") {
            attributes.name = quoted()
            return attributes.name != nil
        }
        if take("unknown=") {
            attributes.unknown = quoted()
            return attributes.unknown != nil
        }
        return rootAttribute(&attributes)
    }

    private mutating func rootAttribute(_ attributes: inout Attributes) -> Bool {
        if take("xmlns=") {
            attributes.namespace = quoted()
        } else if take("at=") {
            attributes.at = quoted()
        } else if take("seq=") {
            attributes.seq = quoted()
        } else if take("run=") {
            attributes.run = quoted()
        } else if take("level=") {
            attributes.level = quoted()
        } else if take("truncated=") {
            attributes.truncated = quoted()
        } else {
            // A server writes the stream's language into a payload's root.
            return take("xml:lang=") && quoted() != nil
        }
        // An attribute's value ends with its mark; where there was none, nothing was passed over.
        return position > 0 && bytes[position - 1] != UInt8(ascii: "=")
    }

    private mutating func quoted() -> String? {
        guard position < bytes.count else { return nil }
        let mark = bytes[position]
        guard mark == UInt8(ascii: "'") || mark == UInt8(ascii: "\"") else { return nil }
        position += 1
        guard let text = text(until: mark) else { return nil }
        position += 1
        return text
    }
}

// MARK: - Bytes

extension SampleReader {
    /// Passes over `markup` where it stands here.
    private mutating func take(_ markup: StaticString) -> Bool {
        let count = markup.utf8CodeUnitCount
        guard count <= bytes.count - position else { return false }
        for offset in 0..<count where markup.utf8Start[offset] != bytes[position + offset] {
            return false
        }
        position += count
        return true
    }

    /// The text up to `mark`; nil where something in it does not stand for itself.
    private mutating func text(until mark: UInt8) -> String? {
        var end = position
        while end < bytes.count, bytes[end] != mark {
            // Entities, markup, and what a parser turns into something else.
            if bytes[end] == UInt8(ascii: "&") || bytes[end] < 0x20 { return nil }
            end += 1
        }
        guard end < bytes.count else { return nil }
        let text = String(decoding: bytes[position..<end], as: UTF8.self)
        position = end
        return text
    }

    /// A decimal number without exponent that a double holds exactly before it is scaled.
    private mutating func number() -> Double? {
        var index = position
        let isNegative = index < bytes.count && bytes[index] == UInt8(ascii: "-")
        if isNegative { index += 1 }
        var mantissa: UInt64 = 0
        var digits = 0
        var decimals = 0
        var isFraction = false
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "."), !isFraction {
                isFraction = true
            } else if byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
                mantissa = mantissa &* 10 &+ UInt64(byte &- UInt8(ascii: "0"))
                digits += 1
                if isFraction { decimals += 1 }
            } else {
                break
            }
            index += 1
        }
        // Up to 2^53 and 10^22 both are exact, so that their quotient is rounded once.
        guard digits > 0, digits <= 16, mantissa <= 1 << 53, decimals < Self.powers.count,
            isFraction == (decimals > 0)
        else { return nil }
        position = index
        let magnitude = Double(mantissa) / Self.powers[decimals]
        return isNegative ? -magnitude : magnitude
    }

    private static let powers: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
    ]
}
