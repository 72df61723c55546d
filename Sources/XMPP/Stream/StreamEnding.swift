extension StreamHeader {
    /// The part of the version that decides whether two can talk (RFC 6120 §4.7.5); 0 where there
    /// is none, as there was before XMPP.
    var majorVersion: Int {
        guard let version else { return 0 }
        return Int(version.prefix { $0 != "." }) ?? 0
    }
}

/// The last that is written to a stream: what each field holds, in this order, and the end tag.
package struct StreamEnding: Sendable, Hashable {
    /// Our own header, where it was still to come: an error needs an open stream to stand in
    /// (RFC 6120 §4.9.1.2).
    package var header: StreamHeader?
    /// An answer that still goes out before the error.
    package var last: Element?
    package var error: StreamError?
    /// Whether the peer still owes its end tag (RFC 6120 §4.4).
    ///
    /// If so, keep the connection for a short while, until the tag or the end of input comes: to
    /// close with bytes unread would have TCP take back what was written. If not, the connection
    /// ends as soon as this is written.
    package var awaitsPeer: Bool

    package init(
        header: StreamHeader? = nil,
        last: Element? = nil,
        error: StreamError? = nil,
        awaitsPeer: Bool
    ) {
        self.header = header
        self.last = last
        self.error = error
        self.awaitsPeer = awaitsPeer
    }

    /// The whole as bytes, the end tag included.
    package func serialized(in contentNamespace: String = Namespace.client) -> [UInt8] {
        var writer = XMLWriter()
        if let header { writer.write(header) }
        if let last { writer.write(raw: last.serialized(in: contentNamespace)) }
        if let error { writer.write(error.element, inheriting: contentNamespace) }
        writer.writeStreamEnd()
        return writer.bytes
    }
}
