/// How bad something is, in order: `ok < unknown < info < warning < critical`.
package enum Level: String, Sendable, Hashable, CaseIterable, Comparable {
    case ok, unknown, info, warning, critical

    private var rank: Int {
        switch self {
        case .ok: 0
        case .unknown: 1
        case .info: 2
        case .warning: 3
        case .critical: 4
        }
    }

    package static func < (left: Self, right: Self) -> Bool {
        left.rank < right.rank
    }

    /// The levels that an open alert can have, worst first.
    package static let alerting: [Level] = [.critical, .warning, .info]
}
