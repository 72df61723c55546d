extension OutboundFederation {
    /// Whom to connect as, to whom, and how.
    package struct Configuration: Sendable {
        /// Our domain and the one to reach.
        package var pair: DomainPair
        package var purpose: Purpose
        package var security: FederationSecurity
        package var policy: FederationPolicy
        package var keys: DialbackKeys
        /// Whether the peer may send on this stream as well (XEP-0288).
        package var allowsBidirectional = true
        /// Whether acknowledgements are asked for (XEP-0198).
        package var wantsAcknowledgements = true

        package init(
            _ pair: DomainPair,
            for purpose: Purpose = .stanzas,
            security: FederationSecurity,
            policy: FederationPolicy,
            keys: DialbackKeys
        ) {
            self.pair = pair
            self.purpose = purpose
            self.security = security
            self.policy = policy
            self.keys = keys
        }
    }

    /// What a stream is opened for.
    package enum Purpose: Sendable, Hashable {
        case stanzas
        /// Questions for an authoritative server alone: nothing is proven, and the stream closes
        /// behind the last answer (XEP-0220 §2.1.2).
        case questions
    }
}
