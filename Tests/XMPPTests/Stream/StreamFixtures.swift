import XMPP

/// What the stream tests share: one domain, one account, chance that can be foretold.
enum Fixture {
    static let domain = "example.org"
    static let password = "pencil"
    static let alice = JID(normalizedLocal: "alice", domain: domain)
    static let pretence = ScramPretence(key: Array(0..<32), iterations: 4096)

    /// The least iterations that clients accept, to keep the tests quick.
    static let credentials: ScramCredentials? = (try? Password(password)).map {
        ScramCredentials.derive(password: $0, iterations: 4096)
    }

    /// Three bindings that differ.
    static let bindings = ChannelBindings(
        exporter: Array(0..<32),
        serverEndPoint: Array(32..<64),
        unique: Array(64..<76)
    )

    static func token() -> String { "token" }

    static func serverConfiguration(
        _ security: ServerStream.Security = .plain
    ) -> ServerStream.Configuration {
        ServerStream.Configuration(domain: domain, security: security, pretence: pretence)
    }

    static func clientConfiguration(
        _ security: ClientStream.Security = .plain,
        resource: String? = nil
    ) -> ClientStream.Configuration {
        ClientStream.Configuration(
            jid: JID(normalizedLocal: "alice", domain: domain, resource: resource),
            password: password,
            security: security
        )
    }

    static func header(
        to: String? = domain,
        from: String? = nil,
        namespace: String = Namespace.client,
        version: String? = "1.0"
    ) -> StreamHeader {
        StreamHeader(namespace: namespace, to: to, from: from, version: version)
    }
}

extension Element {
    /// An element from the text that stands for it.
    static func xml(_ text: String) throws -> Element {
        try Element(parsing: Array(text.utf8))
    }

    /// A SASL element with `message` as its data.
    static func sasl(_ name: String, _ message: String, mechanism: String? = nil) -> Element {
        var element = Element(name, Namespace.sasl, text: Base64.encode(Array(message.utf8)))
        if let mechanism { element["mechanism"] = mechanism }
        return element
    }

    /// The data of a SASL element as text.
    var saslMessage: String? {
        Base64.decode(text).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The name of the first child: the condition of a failure.
    var condition: String? { elements.first?.name }
}

extension ServerStream.Action {
    /// What is sent, where that is all.
    var sent: Element? {
        if case .send(let element) = self { element } else { nil }
    }

    /// The features behind a header.
    var features: Element? {
        if case .open(_, let features) = self { features } else { nil }
    }

    /// The mechanisms in the features behind a header.
    var mechanisms: [String]? {
        features?.child("mechanisms", Namespace.sasl)?.elements.map(\.text)
    }

    /// How the stream ends.
    var ending: StreamEnding? {
        if case .close(let ending) = self { ending } else { nil }
    }

    /// The error that the stream ends with.
    var error: StreamError.Condition? { ending?.error?.condition }

    /// The condition of the SASL failure that is sent.
    var saslFailure: SASLFailure.Condition? {
        guard let element = sent ?? ending?.last, element.matches("failure", Namespace.sasl)
        else { return nil }
        return SASLFailure(reading: element).condition
    }

    /// The stanza error that is sent.
    var stanzaError: StanzaError.Condition? {
        guard let element = sent ?? ending?.last, element["type"] == "error" else { return nil }
        return element.child("error").map { StanzaError(reading: $0).condition }
    }
}

extension ServerStream {
    /// A stream on the way, without TLS unless `bindings` are given.
    static func opened(
        _ configuration: Configuration = Fixture.serverConfiguration(),
        bindings: ChannelBindings? = nil
    ) -> ServerStream {
        var stream = ServerStream(configuration, token: Fixture.token)
        if let bindings {
            if configuration.security != .direct {
                _ = stream.opened(Fixture.header())
                _ = stream.received(Element("starttls", Namespace.tls))
            }
            stream.tlsEstablished(bindings)
        }
        _ = stream.opened(Fixture.header())
        return stream
    }

    /// A stream of alice's that has just authenticated, its last header still to come.
    static func authenticated(others: Set<String> = []) -> ServerStream {
        var configuration = Fixture.serverConfiguration(.direct)
        configuration.others = others
        configuration.offersChannelBinding = false
        var stream = ServerStream.opened(configuration, bindings: ChannelBindings.none)
        _ = stream.received(.sasl("auth", "\0alice\0pencil", mechanism: "PLAIN"))
        if let credentials = Fixture.credentials {
            _ = stream.credentialsFound(.found(credentials))
        }
        _ = stream.plainVerified(true)
        return stream
    }

    /// A stream of alice's that may bind.
    static func binding() -> ServerStream {
        var stream = ServerStream.authenticated()
        _ = stream.opened(Fixture.header())
        return stream
    }

    /// A stream of alice's, bound to `resource`; its header named `language`.
    static func bound(_ resource: String = "desk", language: String? = nil) -> ServerStream {
        var stream = ServerStream.authenticated()
        var header = Fixture.header()
        header.language = language
        _ = stream.opened(header)
        let bind = Stanza(.iq, type: "set", id: "b", [Element("bind", Namespace.bind)])
        _ = stream.received(bind.element)
        _ = stream.bound(
            JID(normalizedLocal: "alice", domain: Fixture.domain, resource: resource)
        )
        return stream
    }
}
