package import XMPP

/// Numbers as few characters, for columns.
package enum Quantity {
    /// What stands where nothing is known.
    package static let missing = "-"

    /// `12%`; one decimal below ten, since small shares differ.
    package static func percent(_ value: Double?) -> String {
        guard let value else { return missing }
        return fixed(value, decimals: value.magnitude < 9.95 ? 1 : 0) + "%"
    }

    /// `1.2M`: bytes by powers of 1024.
    package static func bytes(_ value: Double?) -> String {
        guard let value else { return missing }
        var rest = value.magnitude
        var unit = 0
        while rest >= 999.5, unit < units.count - 1 {
            rest /= 1024
            unit += 1
        }
        let decimals = unit > 0 && rest < 9.95 ? 1 : 0
        return (value < 0 ? "-" : "") + fixed(rest, decimals: decimals) + units[unit]
    }

    private static let units = ["", "K", "M", "G", "T", "P", "E"]

    /// `0.42`, `12.3`, `123`: three digits.
    package static func plain(_ value: Double?) -> String {
        guard let value else { return missing }
        let size = value.magnitude
        if size >= 1e6 { return bytes(value) }
        return fixed(value, decimals: size < 9.995 ? 2 : size < 99.95 ? 1 : 0)
    }

    /// `now`, `40s`, `3m`, `2h`, `5d`.
    ///
    /// The first ten seconds are `now`, and the first minutes go in steps of ten seconds: a healthy
    /// host is not rewritten every second only for its age.
    package static func age(_ duration: Duration?) -> String {
        guard let duration else { return missing }
        let seconds = max(duration.components.seconds, 0)
        switch seconds {
        case ..<10: return "now"
        case ..<90: return "\(seconds / 10 * 10)s"
        case ..<5400: return "\(seconds / 60)m"
        case ..<172_800: return "\(seconds / 3600)h"
        default: return "\(min(seconds / 86400, 99_999))d"
        }
    }

    /// `13:04:05` of a moment, UTC.
    package static func clock(_ instant: Instant) -> String {
        let day = Int64(86400)
        let seconds = ((instant.milliseconds / 1000) % day + day) % day
        return [seconds / 3600, seconds / 60 % 60, seconds % 60].map(twoDigits)
            .joined(separator: ":")
    }

    private static func twoDigits(_ number: Int64) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }

    /// The number with that many decimals, rounded; what is too large for that is cut to 1e15.
    package static func fixed(_ value: Double, decimals: Int) -> String {
        guard value.isFinite else { return missing }
        let scale = [1, 10, 100, 1000][min(max(decimals, 0), 3)]
        let size = min(value.magnitude, 1e15)
        guard let scaled = Int64(exactly: (size * Double(scale)).rounded()) else { return missing }
        let sign = value < 0 && scaled != 0 ? "-" : ""
        let whole = scaled / Int64(scale)
        guard scale > 1 else { return sign + String(whole) }
        let rest = String(scaled % Int64(scale))
        let padding = String(repeating: "0", count: max(decimals - rest.count, 0))
        return sign + String(whole) + "." + padding + rest
    }
}
