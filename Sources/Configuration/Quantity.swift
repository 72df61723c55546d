/// Numbers with units, as a configuration writes them.
package enum Quantity {
    private static let times: [(unit: String, milliseconds: Int)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]
    private static let sizes: [(unit: String, bytes: Int)] = [
        ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
        ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000), ("B", 1),
    ]

    /// Reads `"15s"`; nil when there is no number, no unit, or the time does not fit.
    package static func duration(_ text: String) -> Duration? {
        guard let (number, unit) = split(text),
            let factor = times.first(where: { $0.unit == unit })?.milliseconds
        else { return nil }
        let (milliseconds, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : .milliseconds(milliseconds)
    }

    /// Reads `"256KiB"`; the unit may be left out for bytes.
    package static func bytes(_ text: String) -> Int? {
        guard let (number, unit) = split(text) else { return nil }
        if unit.isEmpty { return number }
        guard let factor = sizes.first(where: { $0.unit == unit })?.bytes else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : bytes
    }

    /// Writes a time in the largest unit that keeps it whole.
    package static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = Int(clamping: seconds).multipliedReportingOverflow(by: 1000)
        if milliseconds.overflow { return "\(seconds)s" }
        let total = milliseconds.partialValue &+ Int(attoseconds / 1_000_000_000_000_000)
        if total == 0 { return "0s" }
        for (unit, factor) in times where total % factor == 0 { return "\(total / factor)\(unit)" }
        return "\(total)ms"
    }

    /// Writes a size in the largest binary unit that keeps it whole.
    package static func text(bytes: Int) -> String {
        if bytes == 0 { return "0B" }
        for (unit, factor) in sizes where unit.hasSuffix("iB") && bytes % factor == 0 {
            return "\(bytes / factor)\(unit)"
        }
        return "\(bytes)B"
    }

    private static func split(_ text: String) -> (number: Int, unit: String)? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits) else { return nil }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }
        return (number, String(unit))
    }
}
