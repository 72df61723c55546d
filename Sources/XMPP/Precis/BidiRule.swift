import CUnistring

/// The Bidi rule (RFC 5893 §2): what is written from right to left must show in one order only.
enum BidiRule {
    /// Whether anything in the text is written from right to left.
    static func applies(to scalars: [Unicode.Scalar]) -> Bool {
        scalars.contains { [UC_BIDI_R, UC_BIDI_AL, UC_BIDI_AN].contains(category($0)) }
    }

    static func holds(for scalars: [Unicode.Scalar]) -> Bool {
        let categories = scalars.map(category)
        guard let first = categories.first,
            let last = categories.last(where: { $0 != UC_BIDI_NSM })
        else { return false }
        if first == UC_BIDI_L {
            return categories.allSatisfy(([UC_BIDI_L, UC_BIDI_EN] + neutral).contains)
                && [UC_BIDI_L, UC_BIDI_EN].contains(last)
        }
        guard [UC_BIDI_R, UC_BIDI_AL].contains(first) else { return false }
        let strong = [UC_BIDI_R, UC_BIDI_AL, UC_BIDI_AN, UC_BIDI_EN]
        return categories.allSatisfy((strong + neutral).contains) && strong.contains(last)
            && !(categories.contains(UC_BIDI_EN) && categories.contains(UC_BIDI_AN))
    }

    private static let neutral = [
        UC_BIDI_ES, UC_BIDI_CS, UC_BIDI_ET, UC_BIDI_ON, UC_BIDI_BN, UC_BIDI_NSM,
    ]

    private static func category(_ scalar: Unicode.Scalar) -> Int {
        Int(uc_bidi_class(scalar.value))
    }
}
