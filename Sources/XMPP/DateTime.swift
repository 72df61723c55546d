// Dates and times on the wire (XEP-0082), without Foundation.

extension Instant {
    /// Reads a `DateTime` such as `2026-02-03T04:05:06.789+01:00` (XEP-0082 §3.2).
    ///
    /// Nil for anything else. What is finer than a millisecond is cut off.
    package init?(dateTime text: String) {
        var reader = DigitReader(text.utf8)
        guard
            let year = reader.number(digits: 4), reader.skip("-"),
            let month = reader.number(digits: 2), reader.skip("-"),
            let day = reader.number(digits: 2), reader.skip("T"),
            let hour = reader.number(digits: 2), reader.skip(":"),
            let minute = reader.number(digits: 2), reader.skip(":"),
            let second = reader.number(digits: 2),
            let fraction = reader.milliseconds(),
            let zone = reader.zoneMinutes(), reader.isAtEnd,
            (1...12).contains(month), (1...CivilDate.days(inMonth: month, of: year)).contains(day),
            hour < 24, minute < 60, second < 60
        else { return nil }
        // Every part is bounded by its digits, so the sum stays far from overflow.
        let days = CivilDate(year: year, month: month, day: day).daysSinceEpoch
        let minutes = (days * 24 + hour) * 60 + minute - zone
        self.init(milliseconds: Int64((minutes * 60 + second) * 1000 + fraction))
    }

    /// The moment as a `DateTime` in UTC with milliseconds; clamped to the years 0000 to 9999,
    /// the ones that the format can write.
    package var dateTime: String {
        let first: Int64 = -62_167_219_200_000
        let last: Int64 = 253_402_300_799_999
        let clamped = min(max(milliseconds, first), last)
        let day = clamped.quotient(rounding: 86_400_000)
        let rest = Int(clamped - day * 86_400_000)
        let date = CivilDate(daysSinceEpoch: Int(day))
        var bytes: [UInt8] = []
        bytes.reserveCapacity(24)
        bytes.append(date.year, digits: 4, then: "-")
        bytes.append(date.month, digits: 2, then: "-")
        bytes.append(date.day, digits: 2, then: "T")
        bytes.append(rest / 3_600_000, digits: 2, then: ":")
        bytes.append(rest / 60_000 % 60, digits: 2, then: ":")
        bytes.append(rest / 1000 % 60, digits: 2, then: ".")
        bytes.append(rest % 1000, digits: 3, then: "Z")
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A day of the proleptic Gregorian calendar.
private struct CivilDate {
    var year: Int
    var month: Int
    var day: Int

    init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// Years are counted from March here, so that the leap day is a year's last; 719 468 days lie
    /// between 0000-03-01 and 1970-01-01, 146 097 in the 400 years after which all repeats.
    init(daysSinceEpoch: Int) {
        let shifted = daysSinceEpoch + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    var daysSinceEpoch: Int {
        let marchYear = month <= 2 ? year - 1 : year
        let era = (marchYear >= 0 ? marchYear : marchYear - 399) / 400
        let yearOfEra = marchYear - era * 400
        let marchMonth = month > 2 ? month - 3 : month + 9
        let dayOfYear = (153 * marchMonth + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

/// Reads fixed-width numbers off the front of a text.
private struct DigitReader {
    private var rest: String.UTF8View.SubSequence

    init(_ text: String.UTF8View) {
        rest = text[...]
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
        guard let first = rest.first, UInt32(first) == scalar.value else { return false }
        rest.removeFirst()
        return true
    }

    private mutating func digit() -> Int? {
        guard let first = rest.first, (0x30...0x39).contains(first) else { return nil }
        rest.removeFirst()
        return Int(first) - 0x30
    }

    mutating func number(digits: Int) -> Int? {
        var value = 0
        for _ in 0..<digits {
            guard let digit = digit() else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    /// The part after the decimal point in milliseconds; 0 where there is no point.
    mutating func milliseconds() -> Int? {
        guard skip(".") else { return 0 }
        guard let first = digit() else { return nil }
        var value = first * 100
        var weight = 10
        while let digit = digit() {
            value += digit * weight
            weight /= 10
        }
        return value
    }

    /// How far the zone is ahead of UTC.
    mutating func zoneMinutes() -> Int? {
        if skip("Z") { return 0 }
        let sign = skip("+") ? 1 : skip("-") ? -1 : 0
        guard sign != 0, let hours = number(digits: 2), skip(":"),
            let minutes = number(digits: 2), hours < 24, minutes < 60
        else { return nil }
        return sign * (hours * 60 + minutes)
    }
}

extension Int64 {
    fileprivate func quotient(rounding divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ number: Int, digits: Int, then mark: Unicode.Scalar) {
        var weight = 1
        for _ in 1..<digits { weight *= 10 }
        while weight > 0 {
            append(UInt8(truncatingIfNeeded: 0x30 + number / weight % 10))
            weight /= 10
        }
        append(UInt8(truncatingIfNeeded: mark.value))
    }
}
