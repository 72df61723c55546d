import XMPP

/// The presence of accounts' contacts elsewhere, for the components that are to see it.
///
/// One contact's presence reaches each account that has it; a component gets it once (XEP-0356
/// §8.2), and all that is there when it attaches (§8.1).
struct ContactPresences: Sendable {
    /// Sessions of contacts that are remembered; those past it are told as often as they come, and
    /// not to who attaches later.
    static let maximum = 10_000

    /// A contact of accounts of a domain.
    private struct Key: Hashable {
        let contact: JID
        let domain: JID
    }

    private var known: [Key: Stanza] = [:]

    /// All that are available of contacts of a domain.
    func all(of domain: JID) -> [Stanza] {
        known.compactMap { $0.key.domain == domain ? $0.value : nil }
    }

    /// Takes the presence of a domain's contact; false where it says nothing that was not known.
    mutating func receive(_ presence: Stanza, of domain: JID) -> Bool {
        guard let from = presence.from.map({ Key(contact: $0, domain: domain) }) else {
            return false
        }
        var presence = presence
        presence.to = nil
        guard presence.type == nil else {
            let isFull = known.count >= Self.maximum
            return known.removeValue(forKey: from) != nil || isFull
        }
        guard known[from] != presence else { return false }
        if known[from] != nil || known.count < Self.maximum { known[from] = presence }
        return true
    }
}
