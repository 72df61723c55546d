/// A domain of ours and one of the peer's, between which a stream carries stanzas (XEP-0220 §1.3).
///
/// A stream may carry several. Which of the two is the sender says whoever holds the pair.
package struct DomainPair: Sendable, Hashable, CustomStringConvertible {
    /// Normalised, as all domains in memory are.
    package let local: String
    package let remote: String

    package init(local: String, remote: String) {
        self.local = local
        self.remote = remote
    }

    package var description: String { "\(local) with \(remote)" }
}

extension JID {
    /// The domain that a text names: itself an address without the other parts; nil when it is
    /// none.
    static func domain(named text: String?) -> String? {
        guard let text, let jid = try? JID(text), jid.isDomain else { return nil }
        return jid.domain
    }

    /// The domain within an address whose other parts may be malformed; nil where it is as well.
    static func domain(within text: String) -> String? {
        let head = text.utf8.prefix { $0 != UInt8(ascii: "/") }
        let behind = head.lastIndex(of: UInt8(ascii: "@")).map { head.index(after: $0) }
        return domain(named: String(head[(behind ?? head.startIndex)...]))
    }
}
