package import XMPP

/// What a link may keep, and how long.
package struct LinkLimits: Sendable, Hashable {
    /// Stanzas of one direction that wait or whose fate is not known yet; at most `stanzasMost`.
    package var stanzas: Int
    /// Bytes of them, as they are written: what a link that is down may cost in memory.
    package var bytes: Int
    /// How long a stanza waits while the link is down, before it comes back as an error.
    package var waiting: Duration
    /// How long a link may be down until what was declared as written counts as of unknown fate,
    /// and the two ends begin anew.
    package var resumption: Duration

    package init(
        stanzas: Int = 20_000,
        bytes: Int = 32 * 1024 * 1024,
        waiting: Duration = .seconds(60),
        resumption: Duration = .seconds(600)
    ) {
        self.stanzas = min(max(stanzas, 0), Self.stanzasMost)
        self.bytes = bytes
        self.waiting = waiting
        self.resumption = resumption
    }

    /// Stanzas of one direction under way, whatever is configured: an end takes no more from the
    /// other.
    package static let stanzasMost = 32_768
    /// Bytes of the longest stanza, as it is written: 512 KiB, the most that anyone may send to
    /// us, and what escapes and namespaces add.
    ///
    /// What is longer comes back as an error.
    package static let stanzaBytes = 1024 * 1024
    /// Bytes that may wait to be written on one connection: twice what stanzas may have, and so
    /// room for all that is said about them.
    ///
    /// An end that makes us speak and does not read is not waited for.
    package static let unwrittenBytes = 64 * 1024 * 1024
}

extension XMLLimits {
    /// For an authenticated link: more than ``LinkLimits`` lets go out at the other end, and more
    /// than any stanza may bring that we took from others, with what the writer adds to it.
    ///
    /// So no stanza can end the link.
    package static let link = XMLLimits(
        stanzaBytes: 2 * LinkLimits.stanzaBytes,
        depth: 110,
        attributes: 600,
        children: 20_000,
        declarations: 512
    )
}

/// What became of the stanzas that one end of a link has sent.
package struct LinkCounters: Sendable, Hashable {
    /// Stanzas that wait for the link.
    package var waiting = 0
    /// Stanzas sent whose fate is not known yet.
    package var underWay = 0
    /// Stanzas that arrived, or whose error did.
    package var settled: UInt64 = 0
    /// Stanzas of unknown fate.
    package var unknown: UInt64 = 0
    /// Stanzas that came back as errors.
    package var bounced: UInt64 = 0
    /// Stanzas of the other end's that it must not send.
    package var violations: UInt64 = 0
}
