/// Who vouches for a certificate that names the domain.
package enum CertificateTrust: Sendable, Hashable {
    /// An authority that we trust (PKIX, RFC 9525).
    case authority
    /// The domain's own records, signed by DNSSEC (RFC 7673).
    case dane
    /// The operator, who has named it.
    case pin
}

/// What is known of a peer's certificate, for one domain.
package enum CertificateVerdict: Sendable, Hashable {
    case trusted(CertificateTrust)
    /// Why not, for people: `it expired on …`, `it is for other.example`, `it showed none`.
    case untrusted(String)
    /// The domain's signed records say that it is not the domain's, and why; no dialback makes up
    /// for that (RFC 7673 §4.2).
    case refused(String)
    /// Signed records decide, and there is no answer that can be believed, and why: as bad as a
    /// refusal for as long as that is so (RFC 7673 §3.3).
    case undecided(String)
}

/// What an operator has said of other domains: one ``Rule`` for each, or for all below one.
package struct FederationPolicy: Sendable, Hashable {
    /// For every domain that is not named.
    package var usual: Rule
    private var exact: [String: Rule] = [:]
    /// By the domain behind the `*.`.
    private var below: [String: Rule] = [:]

    package init(usual: Rule = Rule()) {
        self.usual = usual
    }

    /// Names a domain, or with `*.` in front every domain below one, however deep.
    ///
    /// False where the rest is no domain: nothing is changed then.
    package mutating func set(_ rule: Rule, for pattern: String) -> Bool {
        let isBelow = pattern.hasPrefix("*.")
        guard let domain = JID.domain(named: isBelow ? String(pattern.dropFirst(2)) : pattern)
        else { return false }
        if isBelow { below[domain] = rule } else { exact[domain] = rule }
        return true
    }

    /// The domain's own rule, else that of the nearest `*.` above it, else the usual one.
    package func rule(for domain: String) -> Rule {
        if let rule = exact[domain] { return rule }
        guard !below.isEmpty else { return usual }
        var rest = Substring(domain)
        while let dot = rest.firstIndex(of: ".") {
            rest = rest[rest.index(after: dot)...]
            if let rule = below[String(rest)] { return rule }
        }
        return usual
    }
}

extension FederationPolicy {
    /// What must hold for one domain.
    package struct Rule: Sendable, Hashable {
        /// False blocks it, both ways.
        package var isAllowed: Bool
        /// Whether nothing goes in the clear.
        package var requiresEncryption: Bool
        /// What makes us believe that a peer is the domain.
        package var authentication: Authentication
        /// Whether we prove ourselves by a dialback key where the peer does not take our
        /// certificate.
        package var sendsDialback: Bool
        package var limits: Limits

        package init(
            isAllowed: Bool = true,
            requiresEncryption: Bool = true,
            authentication: Authentication = .dialback,
            sendsDialback: Bool = true,
            limits: Limits = Limits()
        ) {
            self.isAllowed = isAllowed
            self.requiresEncryption = requiresEncryption
            self.authentication = authentication
            self.sendsDialback = sendsDialback
            self.limits = limits
        }

        /// Whether a stream has to be encrypted before anything else: also where the certificate
        /// is what counts.
        package var needsTLS: Bool { requiresEncryption || authentication != .dialback }
    }

    /// What makes us believe that a peer is the domain.
    package enum Authentication: Sendable, Hashable {
        /// A certificate, or else dialback: what the domain's name resolves to says so.
        case dialback
        /// A certificate that anything in ``CertificateTrust`` vouches for.
        case certificate
        /// One of the certificates with these SHA-256 fingerprints, and no other.
        case pinned(Set<[UInt8]>)
    }

    /// What one stream may cost.
    package struct Limits: Sendable, Hashable {
        /// Pairs of domains on one stream.
        ///
        /// Each is an entry of a table; a peer with more opens another stream (XEP-0220 §2.4,
        /// `resource-constraint`).
        package var pairs: Int
        /// Keys of one stream that we ask about at the same time: each may make us connect to a
        /// server that a stranger has named.
        package var pendingVerifications: Int
        /// Certificates refused on one stream, and keys that were asked about in vain, before it
        /// is closed.
        package var failures: Int

        package init(pairs: Int = 32, pendingVerifications: Int = 8, failures: Int = 5) {
            self.pairs = pairs
            self.pendingVerifications = pendingVerifications
            self.failures = failures
        }
    }
}

extension FederationPolicy.Rule {
    /// The verdict on a certificate with that SHA-256 fingerprint, where pins were named; else
    /// `other`, which the authorities and DNS have given.
    package func verdict(
        fingerprint: [UInt8],
        otherwise other: CertificateVerdict
    ) -> CertificateVerdict {
        guard case .pinned(let fingerprints) = authentication else { return other }
        guard fingerprints.contains(fingerprint) else {
            return .untrusted("its fingerprint \(Hex.encode(fingerprint)) is not a pinned one")
        }
        return .trusted(.pin)
    }

    /// Whether a certificate alone makes a peer the domain.
    package func isProven(by verdict: CertificateVerdict) -> Bool {
        switch (verdict, authentication) {
        case (.trusted(let trust), .pinned): trust == .pin
        case (.trusted, _): true
        case (.untrusted, _), (.refused, _), (.undecided, _): false
        }
    }
}
