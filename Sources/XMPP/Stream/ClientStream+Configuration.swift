extension ClientStream {
    /// How the client wants TLS; it never goes on without what it wants.
    package enum Security: Sendable, Hashable {
        /// By `<starttls/>` (RFC 6120 §5).
        case startTLS
        /// Before the first byte of XML (XEP-0368).
        case direct
        /// None: for loopback tests. PLAIN is then never used.
        case plain
    }

    /// Who the client is and what it accepts.
    package struct Configuration: Sendable {
        /// The account, with the resource that is wanted or without one.
        package var jid: JID
        package var password: String
        package var security: Security
        /// Those that may be used.
        package var mechanisms: [SASLMechanism] = SASLMechanism.allCases
        /// From an earlier stream of the same account and password.
        package var scramKeys: ScramKeys?

        package init(jid: JID, password: String, security: Security) {
            self.jid = jid
            self.password = password
            self.security = security
        }
    }
}
