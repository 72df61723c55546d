import Modules
import XMPP

/// Accounts about which nothing is decided for the moment, and what came for them meanwhile.
struct Suspensions {
    private var waiting: [JID: [Letter]] = [:]

    /// Suspends an account; false if it is already.
    mutating func begin(_ account: JID) -> Bool {
        guard waiting[account] == nil else { return false }
        waiting[account] = []
        return true
    }

    /// Ends an account's suspension: what came for it, in order.
    mutating func end(_ account: JID) -> [Letter] {
        waiting.removeValue(forKey: account) ?? []
    }

    /// Keeps what is for suspended accounts, and returns the rest; nil when nothing is left.
    mutating func pass(_ letter: Letter) -> Letter? {
        if waiting.isEmpty { return letter }
        switch letter {
        case .stanza(let routed):
            return keep(letter, for: routed.stanza.to?.bare) ? nil : letter
        case .received(_, _, let account), .closed(_, let account), .farewell(_, let account, _):
            return keep(letter, for: account) ? nil : letter
        case .spread(let routed, let recipients):
            let others = recipients.filter { !keep(.spread(routed, to: [$0]), for: $0.bare) }
            return others.isEmpty ? nil : .spread(routed, to: others)
        case .interest(let interest, let accounts):
            let others = accounts.filter { !keep(.interest(interest, to: [$0]), for: $0) }
            return others.isEmpty ? nil : .interest(interest, to: others)
        case .wake(let owner), .relate(_, let owner), .mirror(_, let owner),
            .recall(_, let owner, _, _):
            return keep(letter, for: owner) ? nil : letter
        case .news(_, let owner): return keep(letter, for: owner) ? nil : letter
        case .bytes, .event, .announcement, .outside, .end:
            return letter
        }
    }

    private mutating func keep(_ letter: Letter, for account: JID?) -> Bool {
        guard let account, waiting[account] != nil else { return false }
        waiting[account]?.append(letter)
        return true
    }
}
