import Testing

@testable import XMPP

/// What the tests of streams between servers share: two domains, their secrets, their ids.
enum Link {
    /// The domain that accepts.
    static let here = "montague.example"
    /// The domain that connects.
    static let there = "capulet.example"
    static let pair = DomainPair(local: here, remote: there)

    static let served: Set<String> = [here, "chat.montague.example"]

    static func keys(_ secret: String = "s3cr3tf0rd14lb4ck") throws -> DialbackKeys {
        try #require(DialbackKeys(secret: Array(secret.utf8)))
    }

    static func policy(
        _ change: (inout FederationPolicy.Rule) -> Void = { _ in }
    ) -> FederationPolicy {
        var rule = FederationPolicy.Rule()
        change(&rule)
        return FederationPolicy(usual: rule)
    }

    static func header(
        to: String? = here,
        from: String? = there,
        namespace: String = Namespace.server,
        version: String? = "1.0",
        id: String? = nil
    ) -> StreamHeader {
        StreamHeader(namespace: namespace, to: to, from: from, id: id, version: version)
    }

    static func stanza(
        _ kind: Stanza.Kind = .message,
        type: String? = nil,
        id: String? = nil,
        from: String = "juliet@capulet.example/balcony",
        to: String = "romeo@montague.example",
        payloads: [Element] = []
    ) throws -> Element {
        Stanza(kind, type: type, id: id, from: try JID(from), to: try JID(to), payloads).element
    }

    static func result(
        _ content: DialbackMessage.Content,
        from: String = there,
        to: String = here
    ) -> Element {
        DialbackMessage(.result, from: from, to: to, content).element
    }

    static func verify(
        _ content: DialbackMessage.Content,
        from: String = there,
        to: String = here,
        id: String = "D60000229F"
    ) -> Element {
        DialbackMessage(.verify, from: from, to: to, streamID: id, content).element
    }

    static let startTLS = Element("starttls", Namespace.tls)

    static func external(_ name: String? = there) -> Element {
        var auth = Element(
            "auth",
            Namespace.sasl,
            text: name.map { Base64.encode(Array($0.utf8)) } ?? "="
        )
        auth["mechanism"] = "EXTERNAL"
        return auth
    }
}

/// What a peer's certificate is worth in a test.
let noCertificate = CertificateVerdict.untrusted("it showed none")
let goodCertificate = CertificateVerdict.trusted(.authority)
