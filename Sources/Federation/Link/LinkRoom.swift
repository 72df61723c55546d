import XMPP

/// What an end of a link keeps of its own stanzas, against its limits.
struct LinkRoom: Sendable {
    let limits: LinkLimits
    private(set) var stanzas = 0
    private(set) var bytes = 0

    init(_ limits: LinkLimits) { self.limits = limits }

    var isFull: Bool { stanzas >= limits.stanzas || bytes >= limits.bytes }

    /// Takes the stanza in; or says why not.
    mutating func enter(_ stanza: LinkedStanza) -> StanzaError? {
        let size = stanza.bytes.count
        guard size <= LinkLimits.stanzaBytes else {
            return StanzaError(.policyViolation, text: "the stanza is too long")
        }
        guard !isFull, size <= limits.bytes - bytes else { return Self.full }
        stanzas += 1
        bytes += size
        return nil
    }

    /// The stanza is no longer kept.
    mutating func leave(_ stanza: LinkedStanza) {
        stanzas -= 1
        bytes -= stanza.bytes.count
    }

    static let full = StanzaError(
        .resourceConstraint,
        text: "too many stanzas wait for the process that talks to other domains"
    )
}
