import XMPP

/// What capability hashes stand for (XEP-0115, XEP-0390), as far as notifications need it: the
/// nodes that software wants to be notified of.
///
/// Only what its hash confirms is kept for everybody: an answer that does not match counts for the
/// session that gave it and no other (XEP-0115 §5.4; a poisoned entry would send notifications to
/// those who never asked).
package struct CapabilityCache: Sendable {
    /// Hashes kept; each is some software in some configuration, so few are ever live.
    package static let entriesMaximum = 2_000

    private var known: [CapabilityKey: NotifySet] = [:]
    /// In the order of their coming, the oldest first to go.
    private var order: [CapabilityKey] = []

    package init() {}

    /// The nodes that the capabilities ask to be notified of; nil while nobody has told.
    subscript(key: CapabilityKey) -> NotifySet? { known[key] }

    /// Takes a session's answer.
    ///
    /// - Returns: the nodes that the session wants.
    mutating func learn(
        _ info: DiscoInfo,
        from query: Element,
        for key: CapabilityKey
    ) -> NotifySet {
        let notify = NotifySet(features: info.features)
        guard known[key] == nil, key.confirms(query, info) else { return notify }
        if order.count >= Self.entriesMaximum {
            known[order.removeFirst()] = nil
        }
        known[key] = notify
        order.append(key)
        return notify
    }
}
