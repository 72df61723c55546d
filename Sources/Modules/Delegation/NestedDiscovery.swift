import XMPP

/// What components add to what the server and its accounts say that they are and can do (XEP-0355
/// §7.2): kept from when they attach until they are gone.
package struct NestedDiscovery: Sendable {
    /// Identities, features and forms that a component may say for one namespace and place; of one
    /// that says more nothing is taken.
    static let entriesMaximum = 500

    /// To whose answer it belongs.
    package enum Place: String, Sendable, CaseIterable {
        case server = "::"
        case accounts = ":bare:"

        /// The node at which the component is asked for it.
        func node(for namespace: String) -> String { Delegation.xmlns + rawValue + namespace }
    }

    private struct Key: Hashable {
        let domain: String
        let place: Place
    }

    /// By namespace.
    private var known: [Key: [String: DiscoInfo]] = [:]

    package init() {}

    /// Takes what is said for a namespace; nil where that is nothing any more.
    mutating func set(_ info: DiscoInfo?, for namespace: String, _ place: Place, of domain: String)
    {
        known[Key(domain: domain, place: place), default: [:]][namespace] = info
    }

    /// Forgets what is said for namespaces of domains that are not meant.
    mutating func keep(_ isMeant: (_ namespace: String, _ domain: String) -> Bool) {
        for (key, said) in known { known[key] = said.filter { isMeant($0.key, key.domain) } }
    }

    /// Adds all that is said of a place.
    func add(to info: inout DiscoInfo, _ place: Place, of domain: String) {
        guard let nested = known[Key(domain: domain, place: place)] else { return }
        for (_, more) in nested.sorted(by: { $0.key < $1.key }) {
            info.identities += more.identities.filter { !info.identities.contains($0) }
            info.features += more.features.filter { !info.features.contains($0) }
            info.forms += more.forms
        }
    }

    /// What an answer of a component says; nil where it is none, or too much.
    static func info(in answer: Stanza) -> DiscoInfo? {
        guard answer.type == "result", let query = answer.payload, let info = DiscoInfo(query),
            info.identities.count + info.features.count + info.forms.count <= entriesMaximum
        else { return nil }
        return info
    }
}
