/// Times of the day at which only level `critical` passes: `22:00-07:00+01:00`, several separated
/// by spaces.
///
/// The offset from UTC is part of each, `Z` for none: the server does not know where the
/// subscriber is, nor when the clocks change there.
package struct QuietHours: Sendable, Hashable {
    private let periods: [Period]

    /// Minutes of the day in UTC; over midnight where the end is not after the beginning.
    private struct Period: Sendable, Hashable {
        var start: Int
        var end: Int
    }

    private static let minutesOfDay = 24 * 60
    private static let millisecondsOfMinute: Int64 = 60_000

    /// Reads the option's text.
    ///
    /// - Throws: what is wrong and in which column.
    package init(_ text: String, limits: FilterLimits = .standard) throws(FilterError) {
        try limits.checkLength(of: text)
        var periods: [Period] = []
        for word in Words(text) {
            guard periods.count < limits.quietPeriods else {
                throw FilterError(column: word.column, "more than \(limits.quietPeriods) periods")
            }
            periods.append(try Self.period(word.text, word.column))
        }
        guard !periods.isEmpty else {
            throw FilterError(column: 1, "expected a time such as 22:00-07:00+01:00")
        }
        self.periods = periods
    }

    /// Whether the moment is in one of the periods; a beginning belongs to it, an end does not.
    package func contains(millisecondsSince1970 milliseconds: Int64) -> Bool {
        let day = Int64(Self.minutesOfDay) * Self.millisecondsOfMinute
        let rest = milliseconds % day
        let minute = Int((rest < 0 ? rest + day : rest) / Self.millisecondsOfMinute)
        return periods.contains { period in
            period.start < period.end
                ? period.start <= minute && minute < period.end
                : period.start <= minute || minute < period.end
        }
    }

    private static func period(_ text: String, _ column: Int) throws(FilterError) -> Period {
        var clock = ClockText(text, column)
        let start = try clock.time(maximum: minutesOfDay - 1)
        try clock.take("-", "- and the end")
        let endColumn = clock.column
        let end = try clock.time(maximum: minutesOfDay)
        let offset = try clock.offset()
        guard start != end else {
            throw FilterError(column: endColumn, "the period ends where it begins")
        }
        return Period(start: inDay(start - offset), end: inDay(end - offset))
    }

    private static func inDay(_ minutes: Int) -> Int {
        let rest = minutes % minutesOfDay
        return rest < 0 ? rest + minutesOfDay : rest
    }
}

/// Reads times of the day from a text, character by character.
private struct ClockText {
    private var rest: Substring.UnicodeScalarView
    private(set) var column: Int

    init(_ text: String, _ column: Int) {
        rest = Substring(text).unicodeScalars
        self.column = column
    }

    /// `HH:MM` in minutes.
    mutating func time(maximum: Int) throws(FilterError) -> Int {
        let start = column
        let hours = try number("an hour of two digits")
        try take(":", ": and minutes")
        let minutes = try number("minutes of two digits")
        guard minutes < 60, hours * 60 + minutes <= maximum else {
            throw FilterError(column: start, "there is no such time")
        }
        return hours * 60 + minutes
    }

    /// `Z` or `±HH:MM` in minutes east of UTC, and then nothing.
    mutating func offset() throws(FilterError) -> Int {
        let sign: Int
        switch rest.first {
        case "Z", "z": sign = 0
        case "+": sign = 1
        case "-": sign = -1
        default: throw FilterError(column: column, "expected Z or an offset such as +01:00")
        }
        advance()
        // XML Schema's time zones go from -14:00 to +14:00.
        let minutes = sign == 0 ? 0 : sign * (try time(maximum: 14 * 60))
        guard rest.isEmpty else {
            throw FilterError(column: column, "expected a space after the period")
        }
        return minutes
    }

    mutating func take(_ scalar: Unicode.Scalar, _ what: String) throws(FilterError) {
        guard rest.first == scalar else { throw FilterError(column: column, "expected \(what)") }
        advance()
    }

    private mutating func number(_ what: String) throws(FilterError) -> Int {
        let start = column
        var number = 0
        for _ in 0..<2 {
            guard let scalar = rest.first, ("0"..."9").contains(scalar) else {
                throw FilterError(column: start, "expected \(what)")
            }
            number = number * 10 + Int(scalar.value - 0x30)
            advance()
        }
        return number
    }

    private mutating func advance() {
        rest.removeFirst()
        column += 1
    }
}
