// The form that the DNS has.
extension DomainName {
    /// Bytes of the longest label there (RFC 1035 §2.3.4).
    private static let maximumEncodedLength = 63

    /// A domain as the DNS is asked for it: prepared, each label that is not ASCII as an A-label
    /// (RFC 5890 §2.3.2.1).
    ///
    /// Nil when it is no domain or a literal address, or when a label gets too long.
    package static func encoded(_ text: String) -> String? {
        guard let name = prepared(text), name.utf8.first != UInt8(ascii: "[") else { return nil }
        guard !name.utf8.allSatisfy({ $0 < 0x80 }) else { return name }
        var labels: [String] = []
        for label in name.unicodeScalars.split(separator: ".") {
            guard !label.allSatisfy(\.isASCII) else {
                labels.append(String(String.UnicodeScalarView(label)))
                continue
            }
            guard let encoded = punycode(Array(label)) else { return nil }
            let text = "xn--" + encoded
            guard text.utf8.count <= maximumEncodedLength else { return nil }
            labels.append(text)
        }
        return labels.joined(separator: ".")
    }

    /// RFC 3492 §6.3; nil on an overflow, which no label of a permitted length comes near.
    private static func punycode(_ label: [Unicode.Scalar]) -> String? {
        var output = String(String.UnicodeScalarView(label.filter(\.isASCII)))
        let basicCount = UInt32(clamping: output.utf8.count)
        var handled = basicCount
        if basicCount > 0 { output += "-" }
        var code = Bootstring.initialCode
        var delta: UInt32 = 0
        var bias = Bootstring.initialBias
        while handled < label.count {
            let rest = label.lazy.map(\.value).filter { $0 >= code }
            guard let next = rest.min() else { return nil }
            let (step, isOver) = (next - code).multipliedReportingOverflow(by: handled + 1)
            let (sum, isPast) = delta.addingReportingOverflow(step)
            guard !isOver, !isPast else { return nil }
            delta = sum
            code = next
            for scalar in label {
                if scalar.value < code { delta += 1 }
                guard scalar.value == code else { continue }
                output += Bootstring.digits(of: delta, bias: bias)
                bias = Bootstring.adapt(delta, handled + 1, isFirst: handled == basicCount)
                delta = 0
                handled += 1
            }
            delta += 1
            code += 1
        }
        return output
    }
}

/// The parameters of Punycode (RFC 3492 §5) and what follows from them.
private enum Bootstring {
    static let base: UInt32 = 36
    static let leastThreshold: UInt32 = 1
    static let mostThreshold: UInt32 = 26
    static let skew: UInt32 = 38
    static let damp: UInt32 = 700
    static let initialBias: UInt32 = 72
    static let initialCode: UInt32 = 128

    /// A number of variable length, least digit first.
    static func digits(of number: UInt32, bias: UInt32) -> String {
        var text = ""
        var rest = number
        var position = base
        while true {
            let threshold =
                position <= bias
                ? leastThreshold : min(max(position - bias, leastThreshold), mostThreshold)
            guard rest >= threshold else { break }
            let (quotient, digit) = (rest - threshold).quotientAndRemainder(
                dividingBy: base - threshold
            )
            text.unicodeScalars.append(scalar(threshold + digit))
            rest = quotient
            position += base
        }
        text.unicodeScalars.append(scalar(rest))
        return text
    }

    /// a to z are 0 to 25, the digits 26 to 35.
    private static func scalar(_ digit: UInt32) -> Unicode.Scalar {
        let byte = digit < 26 ? 0x61 + digit : 0x30 + digit - 26
        return Unicode.Scalar(UInt8(truncatingIfNeeded: byte))
    }

    static func adapt(_ delta: UInt32, _ count: UInt32, isFirst: Bool) -> UInt32 {
        var delta = isFirst ? delta / damp : delta / 2
        delta += delta / count
        var position: UInt32 = 0
        while delta > (base - leastThreshold) * mostThreshold / 2 {
            delta /= base - leastThreshold
            position += base
        }
        return position + (base - leastThreshold + 1) * delta / (delta + skew)
    }
}
