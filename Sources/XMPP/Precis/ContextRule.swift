import CUnistring

/// The rules for code points that are right only among certain others (RFC 5892 appendix A).
enum ContextRule {
    static func holds(at index: Int, in scalars: [Unicode.Scalar]) -> Bool {
        let before = index > 0 ? scalars[index - 1] : nil
        let after = index + 1 < scalars.count ? scalars[index + 1] : nil
        return switch scalars[index].value {
        case 0x200C: isVirama(before) || joins(at: index, in: scalars)
        case 0x200D: isVirama(before)
        // The Catalan middle dot.
        case 0x00B7: before == "l" && after == "l"
        case 0x0375: isScript(after, "Greek")
        case 0x05F3, 0x05F4: isScript(before, "Hebrew")
        case 0x30FB:
            scalars.contains {
                isScript($0, "Hiragana") || isScript($0, "Katakana") || isScript($0, "Han")
            }
        // The two kinds of Arabic digits look alike in part, so they do not mix.
        case 0x0660...0x0669: !scalars.contains { (0x06F0...0x06F9).contains($0.value) }
        case 0x06F0...0x06F9: !scalars.contains { (0x0660...0x0669).contains($0.value) }
        default: false
        }
    }

    /// A virama, by its canonical combining class of 9.
    private static func isVirama(_ scalar: Unicode.Scalar?) -> Bool {
        scalar.map { uc_combining_class($0.value) == 9 } ?? false
    }

    /// RFC 5892 §A.1: between letters that join, transparent ones left out of account.
    private static func joins(at index: Int, in scalars: [Unicode.Scalar]) -> Bool {
        func type(_ scalar: Unicode.Scalar) -> Int { Int(uc_joining_type(scalar.value)) }
        let before = scalars[..<index].last { type($0) != UC_JOINING_TYPE_T }
        let after = scalars[(index + 1)...].first { type($0) != UC_JOINING_TYPE_T }
        guard let before, let after else { return false }
        return [UC_JOINING_TYPE_L, UC_JOINING_TYPE_D].contains(type(before))
            && [UC_JOINING_TYPE_R, UC_JOINING_TYPE_D].contains(type(after))
    }

    private static func isScript(_ scalar: Unicode.Scalar?, _ name: String) -> Bool {
        guard let scalar, let script = uc_script(scalar.value)?.pointee.name else { return false }
        return String(cString: script) == name
    }
}
