/// The value of a condition: what is missing is unknown, and `not` of unknown is unknown
/// (docs/protocol.md, subscription filters).
package enum Truth: Sendable, Hashable {
    case yes
    case no
    case unknown

    package init(_ isTrue: Bool) {
        self = isTrue ? .yes : .no
    }

    package static prefix func ! (truth: Truth) -> Truth {
        switch truth {
        case .yes: .no
        case .no: .yes
        case .unknown: .unknown
        }
    }

    /// Both: no as soon as one is no, else unknown as soon as one is unknown.
    package static func && (left: Truth, right: @autoclosure () -> Truth) -> Truth {
        if left == .no { return .no }
        let other = right()
        if other == .no { return .no }
        return left == .yes && other == .yes ? .yes : .unknown
    }

    /// Either: yes as soon as one is yes, else unknown as soon as one is unknown.
    package static func || (left: Truth, right: @autoclosure () -> Truth) -> Truth {
        if left == .yes { return .yes }
        let other = right()
        if other == .yes { return .yes }
        return left == .no && other == .no ? .no : .unknown
    }
}
