import XMPP

// What an operator is told of the certificates of a server's domains.
extension TLSContext {
    /// Which certificate each domain has, a line each.
    package func summaries(of domains: [String]) -> [String] {
        domains.compactMap { domain in
            certificate(for: domain).map { "\(domain): certificate for \($0.summary)" }
        }
    }

    /// The domains whose certificate is not for them, a line each: clients that do not know it by
    /// its fingerprint refuse it (RFC 9525).
    package func warnings(of domains: [String]) -> [String] {
        domains.compactMap { domain in
            guard let certificate = certificate(for: domain),
                !certificate.covers(DomainName.encoded(domain) ?? domain)
            else { return nil }
            return "\(domain): no certificate names it; it is shown the one for "
                + certificate.summary
        }
    }
}
