import XMPP

/// The short name of what an entity can do, by either of the specifications.
enum CapabilityKey: Sendable, Hashable {
    /// XEP-0115
    case verification(EntityCapabilities)
    /// XEP-0390
    case hash(EntityCapabilities2.Hash)

    /// Reads a presence; where it has both, the safer one counts (XEP-0390 §4.3).
    init?(_ presence: Stanza) {
        if let element = presence.payload("c", EntityCapabilities2.namespace),
            let hash = EntityCapabilities2(element)?.hashes.first
        {
            self = .hash(hash)
        } else if let element = presence.payload("c", Namespace.capabilities),
            let capabilities = EntityCapabilities(element)
        {
            self = .verification(capabilities)
        } else {
            return nil
        }
    }

    /// The node of the question what it stands for.
    var discoNode: String {
        switch self {
        case .verification(let capabilities): capabilities.discoNode
        case .hash(let hash): hash.discoNode
        }
    }

    /// Its last part, which tells it from others.
    var token: String {
        discoNode.split(separator: "#").last.map(String.init) ?? ""
    }

    /// Whether it was made of that answer.
    func confirms(_ query: Element, _ info: DiscoInfo) -> Bool {
        switch self {
        case .verification(let capabilities): capabilities.confirms(info)
        case .hash(let hash): hash.confirms(query)
        }
    }
}
