/// What is wrong with a command line, as one line that says what to do.
package enum ArgumentError: Error, Hashable {
    case unknownOption(String, suggestion: String?)
    case missingValue(option: String, placeholder: String)
    case unexpectedValue(option: String)
    case givenTwice(option: String)
    case unexpectedOperand(String)
    case notANumber(option: String, String)
    case outOfRange(option: String, String, allowed: String)
    case notOneOf(option: String, String, allowed: [String])
}

extension ArgumentError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unknownOption(let option, let suggestion):
            "unknown option \(option)" + (suggestion.map { "; did you mean \($0)?" } ?? "")
        case .missingValue(let option, let placeholder):
            "option \(option) needs a value: \(option) \(placeholder)"
        case .unexpectedValue(let option): "option \(option) takes no value"
        case .givenTwice(let option): "option \(option) is given twice"
        case .unexpectedOperand(let operand): "unexpected argument ‘\(operand)’"
        case .notANumber(let option, let text): "option \(option): ‘\(text)’ is not a number"
        case .outOfRange(let option, let text, let allowed):
            "option \(option): \(text) is not within \(allowed)"
        case .notOneOf(let option, let text, let allowed):
            "option \(option): ‘\(text)’ is not one of \(allowed.joined(separator: ", "))"
        }
    }
}
