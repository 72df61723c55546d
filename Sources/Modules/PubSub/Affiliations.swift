import XMPP

/// Who is what to a node, by bare address: the owner of the service is not in it, and `none` is
/// left out.
struct Affiliations: Sendable {
    /// In no particular order.
    private(set) var all: [JID: Affiliation]
    /// Those who own the node beside the account, in the order of their addresses: kept, for every
    /// item that names an owner asks.
    private(set) var owners: [JID]

    init(_ all: [JID: Affiliation] = [:]) {
        self.all = all
        owners = all.lazy.filter { $0.value == .owner }.map(\.key)
            .sorted { $0.description < $1.description }
    }

    var count: Int { all.count }

    subscript(jid: JID) -> Affiliation? {
        get { all[jid] }
        set {
            let before = all[jid]
            all[jid] = newValue
            switch (before == .owner, newValue == .owner) {
            case (true, false): owners.removeAll { $0 == jid }
            case (false, true):
                let text = jid.description
                let place = owners.firstIndex { $0.description > text }
                owners.insert(jid, at: place ?? owners.endIndex)
            default: break
            }
        }
    }
}
