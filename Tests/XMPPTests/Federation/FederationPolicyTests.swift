import Testing

@testable import XMPP

@Suite struct FederationPolicyTests {
    private static let blocked = FederationPolicy.Rule(isAllowed: false)
    private static let pins: Set<[UInt8]> = [[1, 2], [3, 4]]

    private func policy() -> FederationPolicy {
        var policy = FederationPolicy()
        var certified = FederationPolicy.Rule()
        certified.authentication = .certificate
        #expect(policy.set(Self.blocked, for: "*.example.org") == true)
        #expect(policy.set(certified, for: "Good.Example.Org") == true)
        #expect(policy.set(FederationPolicy.Rule(), for: "*.open.example.org") == true)
        return policy
    }

    @Test(arguments: [
        ("example.org", true), ("a.example.org", false), ("a.b.example.org", false),
        ("good.example.org", true), ("a.good.example.org", false), ("open.example.org", false),
        ("a.open.example.org", true), ("badexample.org", true), ("org", true), ("", true),
    ])
    func takesTheNearestRule(_ domain: String, _ isAllowed: Bool) {
        #expect(policy().rule(for: domain).isAllowed == isAllowed)
    }

    @Test(arguments: ["", "*", "*.", "a@b.example", "a..b", "*.*.example.org", "x.*.example"])
    func refusesWhatNamesNoDomain(_ pattern: String) {
        var policy = FederationPolicy()
        #expect(policy.set(Self.blocked, for: pattern) == false)
        #expect(policy == FederationPolicy())
    }

    @Test func requiresEncryptionUnlessTold() {
        #expect(FederationPolicy().rule(for: "a.example").needsTLS)
        #expect(!FederationPolicy.Rule(requiresEncryption: false).needsTLS)
        // A certificate is not to be had without.
        #expect(
            FederationPolicy.Rule(requiresEncryption: false, authentication: .certificate).needsTLS
        )
    }

    @Test func knowsPinnedCertificates() {
        let rule = FederationPolicy.Rule(authentication: .pinned(Self.pins))
        #expect(rule.verdict(fingerprint: [1, 2], otherwise: noCertificate) == .trusted(.pin))
        // An authority's word is not enough where pins are named.
        let other = rule.verdict(fingerprint: [1], otherwise: goodCertificate)
        #expect(other == .untrusted("its fingerprint 01 is not a pinned one"))
        #expect(!rule.isProven(by: goodCertificate))
        #expect(rule.isProven(by: .trusted(.pin)))
        let usual = FederationPolicy.Rule()
        #expect(usual.verdict(fingerprint: [1, 2], otherwise: goodCertificate) == goodCertificate)
        #expect(usual.isProven(by: .trusted(.dane)))
        #expect(!usual.isProven(by: noCertificate))
        #expect(!usual.isProven(by: .refused("another is named")))
        #expect(!usual.isProven(by: .undecided("no answer")))
    }
}
