package import XMPP

/// How available an entity says it is (RFC 6121 §4.7.2.1), in the words of subscription options.
package enum Show: String, Sendable, CaseIterable {
    case away, chat, dnd
    /// Without saying how.
    case online
    case xa

    /// What available presence says; what it should not say counts as nothing.
    package init(_ presence: Stanza) {
        let text = presence.payload("show", Namespace.client)?.text
        self = text.flatMap(Self.init(rawValue:)) ?? .online
    }
}
