import Testing

@testable import XMPP

/// The form of a domain that the DNS is asked for.
@Suite struct DomainNameTests {
    @Test(arguments: [
        ("example.org", "example.org"),
        ("EXAMPLE.org.", "example.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("münchen.bücher.example", "xn--mnchen-3ya.xn--bcher-kva.example"),
        ("παράδειγμα.δοκιμή", "xn--hxajbheg2az3al.xn--jxalpdlp"),
        ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("192.0.2.1", "192.0.2.1"),
    ])
    func encodesForTheDNS(domain: String, encoded: String) {
        #expect(DomainName.encoded(domain) == encoded)
    }

    @Test(arguments: [
        "", ".", "a..b", "a b", "a_b", "-a", "a\u{0}b", "a\nb", "[2001:db8::1]", "ü\u{7}",
        String(repeating: "a", count: 64), String(repeating: "ü", count: 62) + "ö",
    ])
    func encodesNothingThatIsNoHost(domain: String) {
        #expect(DomainName.encoded(domain) == nil)
    }
}
