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
}
