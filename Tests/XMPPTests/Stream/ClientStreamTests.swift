import Testing

@testable import XMPP

/// The client's stream against servers that do as they like.
@Suite struct ClientStreamTests {
    private static func features(_ inner: String) throws -> Element {
        try .xml(
            "<stream:features xmlns:stream='http://etherx.jabber.org/streams'>\(inner)"
                + "</stream:features>"
        )
    }

    private static func mechanisms(_ names: String...) -> String {
        "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
            + names.map { "<mechanism>\($0)</mechanism>" }.joined() + "</mechanisms>"
    }

    private static func types(_ names: String...) -> String {
        "<sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'>"
            + names.map { "<channel-binding type='\($0)'/>" }.joined() + "</sasl-channel-binding>"
    }

    /// A stream whose server has said its header; inside TLS where `bindings` are given.
    private static func opened(
        _ configuration: ClientStream.Configuration = Fixture.clientConfiguration(),
        bindings: ChannelBindings? = nil
    ) -> ClientStream {
        var stream = ClientStream(configuration, token: Fixture.token)
        _ = stream.connected()
        if let bindings { _ = stream.tlsEstablished(bindings) }
        _ = stream.opened(Fixture.header())
        return stream
    }

    private static func sent(_ action: ClientStream.Action) -> Element? {
        if case .send(let element) = action { element } else { nil }
    }

    private static func failure(_ action: ClientStream.Action) -> ClientStreamFailure? {
        if case .fail(let failure, _) = action { failure } else { nil }
    }

    // MARK: TLS

    @Test func hidesItsNameUntilTheStreamIsEncrypted() throws {
        var stream = ClientStream(Fixture.clientConfiguration(.startTLS), token: Fixture.token)
        let first = stream.connected()
        #expect(first == .open(Fixture.header().language("en")))
        _ = stream.opened(Fixture.header())
        let tls = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
        #expect(
            stream.received(try Self.features(tls)) == .send(Element("starttls", Namespace.tls))
        )
        #expect(stream.received(Element("proceed", Namespace.tls)) == .startTLS)
        #expect(
            stream.tlsEstablished(.none)
                == .open(Fixture.header(from: "alice@example.org").language("en"))
        )
    }

    @Test func goesNowhereWithoutTLS() throws {
        var stream = Self.opened(Fixture.clientConfiguration(.startTLS))
        let action = stream.received(try Self.features(Self.mechanisms("PLAIN", "SCRAM-SHA-1")))
        #expect(Self.failure(action) == .tlsUnavailable)
        #expect(ClientStreamFailure.tlsUnavailable.isFinal == false)
    }

    @Test func goesNowhereWhereTLSIsRefused() throws {
        var stream = Self.opened(Fixture.clientConfiguration(.startTLS))
        let tls = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
        _ = stream.received(try Self.features(tls))
        #expect(
            Self.failure(stream.received(Element("failure", Namespace.tls))) == .tlsUnavailable
        )
    }

    @Test func shakesHandsAtOnceWithDirectTLS() {
        var stream = ClientStream(Fixture.clientConfiguration(.direct))
        #expect(stream.connected() == .startTLS)
    }

    // MARK: Mechanisms

    struct Offer: Sendable, CustomTestStringConvertible {
        var mechanisms: [String]
        var types: [String]?
        var bindings: ChannelBindings? = Fixture.bindings
        /// The mechanism and the start of its first message; nil where there is none to use.
        var chosen: [String]?
        var testDescription: String { "\(mechanisms) \(types ?? [])" }
    }

    @Test(arguments: [
        Offer(
            mechanisms: ["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256"],
            chosen: ["SCRAM-SHA-1-PLUS", "p=tls-exporter,,"]
        ),
        Offer(
            mechanisms: ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"],
            types: ["tls-server-end-point"],
            chosen: ["SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,"]
        ),
        Offer(
            mechanisms: ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"],
            types: ["tls-unique", "tls-server-end-point"],
            chosen: ["SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,"]
        ),
        Offer(
            mechanisms: ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"],
            bindings: ChannelBindings.none,
            chosen: ["SCRAM-SHA-256", "n,,"]
        ),
        Offer(mechanisms: ["SCRAM-SHA-256"], chosen: ["SCRAM-SHA-256", "y,,"]),
        Offer(mechanisms: ["SCRAM-SHA-512-PLUS", "SCRAM-SHA-1"], chosen: ["SCRAM-SHA-1", "n,,"]),
        Offer(mechanisms: ["PLAIN"], bindings: ChannelBindings.none, chosen: ["PLAIN", "\0alice"]),
        Offer(mechanisms: ["PLAIN", "DIGEST-MD5"], bindings: nil),
        Offer(mechanisms: ["DIGEST-MD5"]),
        Offer(mechanisms: []),
        // Somebody has changed the offer on its way.
        Offer(mechanisms: ["SCRAM-SHA-256"], types: ["tls-exporter"]),
        Offer(mechanisms: ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"], types: ["tls-none"]),
    ])
    func choosesTheBest(_ offer: Offer) throws {
        let configuration = Fixture.clientConfiguration(offer.bindings == nil ? .plain : .direct)
        var stream = Self.opened(configuration, bindings: offer.bindings)
        var text =
            "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
            + offer.mechanisms.map { "<mechanism>\($0)</mechanism>" }.joined() + "</mechanisms>"
        if let types = offer.types {
            text +=
                "<sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'>"
                + types.map { "<channel-binding type='\($0)'/>" }.joined()
                + "</sasl-channel-binding>"
        }
        let action = stream.received(try Self.features(text))
        guard let chosen = offer.chosen else {
            #expect(Self.failure(action) == .noMechanism(offered: offer.mechanisms))
            return
        }
        let auth = try #require(Self.sent(action))
        #expect(auth["mechanism"] == chosen[0])
        #expect(try #require(auth.saslMessage).hasPrefix(chosen[1]))
    }

    @Test func saysThatItCannotBindWhereItMayNot() throws {
        var configuration = Fixture.clientConfiguration(.direct)
        configuration.mechanisms = [.scramSHA1]
        var stream = Self.opened(configuration, bindings: Fixture.bindings)
        let action = stream.received(
            try Self.features(Self.mechanisms("SCRAM-SHA-1-PLUS", "SCRAM-SHA-1"))
        )
        #expect(Self.sent(action)?.saslMessage?.hasPrefix("n,,") == true)
    }

    // MARK: Authentication

    private static func authenticating() throws -> ClientStream {
        var stream = opened()
        _ = stream.received(try features(mechanisms("SCRAM-SHA-1")))
        return stream
    }

    @Test(arguments: SASLFailure.Condition.allCases)
    func tellsWhyItWasRefused(_ condition: SASLFailure.Condition) throws {
        var stream = try Self.authenticating()
        let failure = SASLFailure(condition, text: "no")
        let action = stream.received(failure.element)
        #expect(Self.failure(action) == .authenticationFailed(failure))
        #expect(
            Self.failure(action)?.isFinal == (condition != .temporaryAuthFailure)
        )
    }

    @Test func takesNoSuccessWithoutAProof() throws {
        var stream = try Self.authenticating()
        let action = stream.received(Element("success", Namespace.sasl))
        #expect(Self.failure(action) == .serverNotAuthentic("success without a proof"))
    }

    @Test func abortsWhereTheServerCannotProveItself() throws {
        var stream = try Self.authenticating()
        let answer = stream.received(
            .sasl("challenge", "r=tokenserver,s=QSXCR+Q6sek8bf92,i=4096")
        )
        #expect(Self.sent(answer)?.name == "response")
        let action = stream.received(.sasl("success", "v=AAAA"))
        #expect(Self.failure(action) == .serverNotAuthentic("a wrong signature"))
        #expect(stream.scramKeys?.iterations == 4096)
    }

    @Test func doesNotComputeForEver() throws {
        var stream = try Self.authenticating()
        let action = stream.received(
            .sasl("challenge", "r=tokenserver,s=QSXCR+Q6sek8bf92,i=2000000000")
        )
        guard case .fail(.serverNotAuthentic("too many iterations"), let ending) = action else {
            Issue.record("went on")
            return
        }
        #expect(ending?.last == Element("abort", Namespace.sasl))
    }

    @Test func takesThePasswordsKeysFromAnEarlierStream() throws {
        let salt = try #require(Base64.decode("QSXCR+Q6sek8bf92"))
        var configuration = Fixture.clientConfiguration()
        // Keys of another password show that they are used.
        let keys = ScramKeys(
            password: try Password("other"),
            salt: salt,
            iterations: 4096,
            hash: .sha1
        )
        func response(_ configuration: ClientStream.Configuration) throws -> String? {
            var stream = Self.opened(configuration)
            _ = stream.received(try Self.features(Self.mechanisms("SCRAM-SHA-1")))
            let challenge = "r=tokenserver,s=QSXCR+Q6sek8bf92,i=4096"
            return Self.sent(stream.received(.sasl("challenge", challenge)))?.saslMessage
        }
        let plain = try response(configuration)
        configuration.scramKeys = keys
        #expect(try response(configuration) != plain)
    }

    @Test func refusesAPasswordThatIsNone() throws {
        var configuration = Fixture.clientConfiguration()
        configuration.password = ""
        var stream = Self.opened(configuration)
        let action = stream.received(try Self.features(Self.mechanisms("SCRAM-SHA-1")))
        #expect(Self.failure(action) == .passwordUnusable)
        #expect(ClientStreamFailure.passwordUnusable.isFinal)
    }

    // MARK: Binding

    private static func binding(_ session: String) throws -> (ClientStream.Action, Element) {
        var configuration = Fixture.clientConfiguration(.direct)
        configuration.mechanisms = [.plain]
        var stream = opened(configuration, bindings: ChannelBindings.none)
        _ = stream.received(try features(mechanisms("PLAIN")))
        _ = stream.received(Element("success", Namespace.sasl))
        _ = stream.opened(Fixture.header())
        let request = stream.received(
            try features("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>" + session)
        )
        let element = try #require(sent(request))
        let answer = stream.received(
            try .xml(
                """
                <iq xmlns='jabber:client' type='result' id='token'>\
                <bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
                <jid>alice@example.org/made-up</jid></bind></iq>
                """
            )
        )
        return (answer, element)
    }

    @Test(arguments: [
        "", "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'><optional/></session>",
    ])
    func isOnlineOnceBound(_ session: String) throws {
        let (action, request) = try Self.binding(session)
        #expect(request.child("bind", Namespace.bind)?.children.isEmpty == true)
        let jid = JID(normalizedLocal: "alice", domain: Fixture.domain, resource: "made-up")
        #expect(action == .online(jid))
    }

    @Test func startsASessionWhereTheServerInsists() throws {
        let session = "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>"
        let (action, _) = try Self.binding(session)
        #expect(Self.sent(action)?.child("session", Namespace.session) != nil)
    }

    // MARK: Endings

    @Test(arguments: [
        (Fixture.header(namespace: Namespace.server), StreamError.Condition.invalidNamespace),
        (Fixture.header(version: nil), .unsupportedVersion),
    ])
    func refusesAStrangeHeader(_ header: StreamHeader, _ condition: StreamError.Condition) {
        var stream = ClientStream(Fixture.clientConfiguration())
        _ = stream.connected()
        #expect(
            Self.failure(stream.opened(header)) == .protocolViolated(StreamError(condition))
        )
    }

    @Test func tellsThatTheConnectionWasLostOnce() {
        var stream = Self.opened()
        #expect(stream.disconnected() == .fail(.disconnected, nil))
        #expect(stream.disconnected() == .nothing)
        #expect(stream.timedOut() == .nothing)
    }

    @Test func givesUpWaiting() {
        var stream = Self.opened()
        #expect(Self.failure(stream.timedOut()) == .timedOut)
        #expect(stream.timedOut() == .disconnect)
    }
}

extension StreamHeader {
    fileprivate func language(_ language: String) -> StreamHeader {
        var header = self
        header.language = language
        return header
    }
}
