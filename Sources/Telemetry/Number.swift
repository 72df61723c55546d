/// Numbers as the payloads write them: the C locale, integers exact to 2^53, fractions to six
/// significant digits.
package enum Number {
    /// Reads a decimal number; nil for anything else, `nan`, `inf` and hexadecimal included.
    package static func parse(_ text: some StringProtocol) -> Double? {
        guard text.utf8.count <= longest else { return nil }
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"),
                UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
                continue
            default: return nil
            }
        }
        guard let number = Double(text), number.isFinite else { return nil }
        return number
    }

    /// The shortest text of the number as a payload writes it.
    package static func text(_ number: Double) -> String {
        var bytes: [UInt8] = []
        append(number, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the number's text; what is not finite is written as 0, callers leave it out before.
    package static func append(_ number: Double, to bytes: inout [UInt8]) {
        guard number.isFinite else { return bytes.append(UInt8(ascii: "0")) }
        if let whole = Int64(exactly: number), whole.magnitude <= exactInteger {
            return append(whole, to: &bytes)
        }
        let magnitude = number.magnitude
        guard magnitude >= 0.0001, magnitude < 1e15 else {
            return bytes.append(contentsOf: number.description.utf8)
        }
        appendFraction(number, to: &bytes)
    }

    /// Six significant digits without exponent, trailing zeros dropped.
    private static func appendFraction(_ number: Double, to bytes: inout [UInt8]) {
        var digitsBefore = 0
        var scale = 1.0
        while digitsBefore < 6, number.magnitude >= scale {
            scale *= 10
            digitsBefore += 1
        }
        var decimals = 6 - digitsBefore
        if number.magnitude < 0.1 { decimals += 1 }
        if number.magnitude < 0.01 { decimals += 1 }
        if number.magnitude < 0.001 { decimals += 1 }
        var power: UInt64 = 1
        for _ in 0..<decimals { power *= 10 }
        // Below 1e15 × 10^0 or 1 × 10^9: far from overflow.
        let scaled = UInt64((number.magnitude * Double(power)).rounded())
        if number < 0, scaled > 0 { bytes.append(UInt8(ascii: "-")) }
        append(Int64(scaled / power), to: &bytes)
        var rest = scaled % power
        guard rest > 0 else { return }
        bytes.append(UInt8(ascii: "."))
        while rest > 0 {
            power /= 10
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest / power))
            rest %= power
        }
    }

    private static func append(_ whole: Int64, to bytes: inout [UInt8]) {
        if whole < 0 { bytes.append(UInt8(ascii: "-")) }
        let start = bytes.count
        var rest = whole.magnitude
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        bytes[start...].reverse()
    }

    /// Characters of the longest number that is read.
    private static let longest = 40
    /// 2^53: the largest integer up to which a double holds each.
    private static let exactInteger: UInt64 = 1 << 53
}
