extension InboundFederation {
    /// What a listener for servers offers.
    package struct Configuration: Sendable {
        /// The domain that answers where a header names none of ours.
        package var domain: String
        /// Which domains are ours and may be reached, normalised.
        package var serves: @Sendable (String) -> Bool
        /// Which domains no other server may be: those, and others of ours.
        package var isOurs: @Sendable (String) -> Bool
        package var security: FederationSecurity
        package var policy: FederationPolicy
        /// For the questions of others, whether a key is ours.
        package var keys: DialbackKeys
        /// Whether streams that go both ways are offered (XEP-0288).
        package var offersBidirectional = true
        /// Whether acknowledgements are offered (XEP-0198).
        package var offersAcknowledgements = true

        package init(
            domain: String,
            serves: @escaping @Sendable (String) -> Bool,
            security: FederationSecurity,
            policy: FederationPolicy,
            keys: DialbackKeys
        ) {
            self.domain = domain
            self.serves = serves
            isOurs = serves
            self.security = security
            self.policy = policy
            self.keys = keys
        }
    }
}
