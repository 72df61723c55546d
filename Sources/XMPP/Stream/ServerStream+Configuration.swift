extension ServerStream {
    /// Whether a listener wants TLS, and when it begins.
    package enum Security: Sendable, Hashable {
        /// By `<starttls/>` (RFC 6120 §5); if it is not required, clients may go on without.
        case startTLS(isRequired: Bool)
        /// Before the first byte of XML (XEP-0368).
        case direct
        /// None: for loopback and tests.
        case plain
    }

    /// What a listener offers.
    package struct Configuration: Sendable {
        /// The domain served, normalised; the first, where there are several.
        package var domain: String
        /// The domains served besides, normalised.
        package var others: Set<String> = []
        package var security: Security
        /// Those that may be offered; which are depends on TLS as well.
        package var mechanisms: [SASLMechanism] = SASLMechanism.allCases
        /// Off for the sake of clients that get channel binding wrong.
        package var offersChannelBinding = true
        /// Stands in for accounts that do not exist.
        package var pretence: ScramPretence
        /// Features beside binding, offered after authentication (roster versions …).
        package var sessionFeatures: @Sendable () -> [Element] = { [] }
        package var peers = Peers.clients

        package init(domain: String, security: Security, pretence: ScramPretence) {
            self.domain = domain
            self.security = security
            self.pretence = pretence
        }

        /// Who opens streams.
        package enum Peers: Sendable {
            /// Clients of accounts.
            case clients
            /// Components (XEP-0225), whose secrets are known by their domains, normalised.
            case components(secret: @Sendable (String) -> [UInt8]?)
        }

        /// Whether accounts of that domain log in here.
        func serves(_ name: String) -> Bool {
            name == domain || others.contains(name)
        }
    }
}
