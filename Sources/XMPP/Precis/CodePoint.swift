import CUnistring

/// What PRECIS derives from the properties of a code point (RFC 8264 §8).
enum CodePoint {
    /// The two classes of strings (RFC 8264 §4).
    enum StringClass { case identifier, freeform }

    /// The derived properties, FREE_PVAL and ID_DIS being one.
    enum Property { case valid, validInFreeform, contextual, disallowed }

    /// Whether the code point at `index` may stand there in a string of that class.
    static func isPermitted(
        at index: Int,
        in scalars: [Unicode.Scalar],
        of stringClass: StringClass
    ) -> Bool {
        switch property(of: scalars[index]) {
        case .valid: true
        case .validInFreeform: stringClass == .freeform
        case .contextual: ContextRule.holds(at: index, in: scalars)
        case .disallowed: false
        }
    }

    /// The algorithm of RFC 8264 §8, its categories in the order that is laid down there.
    static func property(of scalar: Unicode.Scalar) -> Property {
        let value = scalar.value
        if let exception = exception(value) { return exception }
        if isUnassigned(value) { return .disallowed }
        if (0x21...0x7E).contains(value) { return .valid }
        if uc_is_property_join_control(value) { return .contextual }
        if isOldHangul(value) || isIgnorable(value) { return .disallowed }
        if has(value, UC_CATEGORY_MASK_Cc) { return .disallowed }
        if lapwing_has_compatibility_form(value) { return .validInFreeform }
        if has(value, letterDigits) { return .valid }
        if has(value, otherwiseValid) { return .validInFreeform }
        return .disallowed
    }

    private static let letterDigits =
        UC_CATEGORY_MASK_Ll | UC_CATEGORY_MASK_Lu | UC_CATEGORY_MASK_Lo | UC_CATEGORY_MASK_Nd
        | UC_CATEGORY_MASK_Lm | UC_CATEGORY_MASK_Mn | UC_CATEGORY_MASK_Mc

    /// Other letters and digits, spaces, symbols and punctuation.
    private static let otherwiseValid =
        UC_CATEGORY_MASK_Lt | UC_CATEGORY_MASK_Nl | UC_CATEGORY_MASK_No | UC_CATEGORY_MASK_Me
        | UC_CATEGORY_MASK_Zs | UC_CATEGORY_MASK_S | UC_CATEGORY_MASK_P

    /// RFC 5892 §2.6.
    private static func exception(_ value: UInt32) -> Property? {
        switch value {
        case 0x00DF, 0x03C2, 0x06FD, 0x06FE, 0x0F0B, 0x3007: .valid
        case 0x00B7, 0x0375, 0x05F3, 0x05F4, 0x30FB, 0x0660...0x0669, 0x06F0...0x06F9: .contextual
        case 0x0640, 0x07FA, 0x302E, 0x302F, 0x3031...0x3035, 0x303B: .disallowed
        default: nil
        }
    }

    private static func has(_ value: UInt32, _ categories: some BinaryInteger) -> Bool {
        uc_is_general_category_withtable(value, UInt32(truncatingIfNeeded: categories))
    }

    private static func isUnassigned(_ value: UInt32) -> Bool {
        has(value, UC_CATEGORY_MASK_Cn) && !uc_is_property_not_a_character(value)
    }

    /// RFC 8264 §9.9: conjoining jamo, which compose in more than one way.
    private static func isOldHangul(_ value: UInt32) -> Bool {
        switch value {
        case 0x1100...0x11FF, 0xA960...0xA97C, 0xD7B0...0xD7FB: true
        default: false
        }
    }

    private static func isIgnorable(_ value: UInt32) -> Bool {
        uc_is_property_default_ignorable_code_point(value) || uc_is_property_not_a_character(value)
    }

    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        has(scalar.value, UC_CATEGORY_MASK_Zs)
    }

    static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        has(scalar.value, UC_CATEGORY_MASK_M)
    }

    /// Whether a host name's label can have it (RFC 1123 §2.1), lower case only.
    static func isHostCharacter(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "0"..."9", "-": true
        default: false
        }
    }

    /// What a fullwidth or halfwidth character is a variant of; nil for any other.
    static func widthMapping(of scalar: Unicode.Scalar) -> [Unicode.Scalar]? {
        // All of them lie there (Halfwidth and Fullwidth Forms), but for the ideographic space.
        guard scalar.value == 0x3000 || (0xFF00...0xFFEF).contains(scalar.value) else {
            return nil
        }
        var tag: Int32 = 0
        var buffer = [UInt32](repeating: 0, count: Int(UC_DECOMPOSITION_MAX_LENGTH))
        let count = uc_decomposition(scalar.value, &tag, &buffer)
        guard count > 0, Int(tag) == UC_DECOMP_WIDE || Int(tag) == UC_DECOMP_NARROW else {
            return nil
        }
        return buffer.prefix(Int(count)).compactMap(Unicode.Scalar.init)
    }
}
