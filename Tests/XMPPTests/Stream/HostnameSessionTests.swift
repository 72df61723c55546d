import Testing

@testable import XMPP

/// Components' streams that bind hostnames (XEP-0225), the server's side.
@Suite struct HostnameSessionTests {
    private static let one = "chat.example.org"
    private static let two = "foo.example.org"
    /// Of another secret.
    private static let other = "other.example.org"
    private static let password = "a long random text"
    private static let secret: @Sendable (String) -> [UInt8]? = { name in
        switch name {
        case one, two: Array(password.utf8)
        case other: Array("another secret".utf8)
        default: name.hasPrefix("n") ? Array(password.utf8) : nil
        }
    }
    private static let credentials = Result {
        ScramCredentials.derive(password: try Password(password), iterations: 4096)
    }

    private static func jid(_ domain: String) -> JID {
        JID(normalizedLocal: nil, domain: domain)
    }

    // MARK: Streams

    private static func configuration(
        _ security: ServerStream.Security
    ) -> ServerStream.Configuration {
        var configuration = ServerStream.Configuration(
            domain: "example.org",
            security: security,
            pretence: ScramPretence(key: [UInt8](repeating: 7, count: 32), iterations: 4096)
        )
        configuration.peers = .components(secret: secret)
        return configuration
    }

    private static func header(
        to: String? = "example.org",
        from: String? = one,
        namespace: String = Namespace.client
    ) -> StreamHeader {
        var header = StreamHeader(namespace: namespace, to: to, from: from)
        header.language = "de"
        return header
    }

    /// A stream over TLS, before its header.
    private static func fresh() -> AcceptedStream {
        var accepted = ComponentStream.Configuration(security: .direct, secret: secret)
        accepted.successor = configuration(.direct)
        var stream = AcceptedStream(.component(accepted))
        stream.tlsEstablished(.none)
        return stream
    }

    /// Authenticates with a password.
    private static func authenticate(
        _ stream: inout AcceptedStream,
        _ name: String = one,
        password: String = password,
        authzid: String = ""
    ) throws -> ServerStream.Action {
        guard case .open(_, let features?) = stream.opened(header(from: nil)) else {
            throw StreamError(.internalServerError)
        }
        #expect(features.child("mechanisms", Namespace.sasl) != nil)
        let message = Array("\(authzid)\0\(name)\0\(password)".utf8)
        var auth = Element("auth", Namespace.sasl, text: Base64.encode(message))
        auth["mechanism"] = "PLAIN"
        var action = stream.received(auth)
        if case .lookUp(let account) = action {
            #expect(account == jid(name))
            action = stream.credentialsFound(.found(try credentials.get()))
        }
        if case .verifyPlain(let attempt) = action {
            action = stream.plainVerified(attempt.isCorrect())
        }
        return action
    }

    /// A stream that may bind.
    private static func open(_ name: String = one) throws -> AcceptedStream {
        var stream = fresh()
        guard case .restart(_, jid(name)) = try authenticate(&stream, name) else {
            throw StreamError(.notAuthorized)
        }
        guard case .open(_, let features?) = stream.opened(header(from: name)) else {
            throw StreamError(.internalServerError)
        }
        let bind = features.child("bind", Namespace.componentBinding)
        #expect(bind?.child("required", Namespace.componentBinding) != nil)
        #expect(features.child("bind", Namespace.bind) == nil)
        return stream
    }

    private static func request(
        _ name: String,
        _ hostname: String?,
        id: String? = "bind_1",
        type: String = "set"
    ) -> Element {
        let space = Namespace.componentBinding
        let hostname = hostname.map { [Element("hostname", space, text: $0)] } ?? []
        var iq = Element("iq", Namespace.client, [Element(name, space, hostname)])
        iq["type"] = type
        iq["id"] = id
        return iq
    }

    /// Binds a name, which nobody else has.
    private static func bind(_ name: String, to stream: inout AcceptedStream) {
        #expect(
            stream.received(request("bind", name)) == .bind(account: jid(name), resource: nil)
        )
        guard case .send(let answer) = stream.bound(jid(name)) else {
            Issue.record("no answer")
            return
        }
        #expect(answer["type"] == "result" && answer["id"] == "bind_1")
        let space = Namespace.componentBinding
        #expect(answer.child("bind", space)?.child("hostname", space)?.text == name)
    }

    private static func bound(_ names: String...) throws -> AcceptedStream {
        var stream = try open()
        for name in names { bind(name, to: &stream) }
        return stream
    }

    // MARK: Which protocol it is

    @Test(arguments: [
        (Namespace.component, one, nil, false),
        (Namespace.client, "example.org", nil, true),
        (Namespace.client, one, StreamError.Condition.hostUnknown, true),
        (Namespace.server, "example.org", .invalidNamespace, false),
    ])
    func tellsThemByTheNamespace(
        _ namespace: String,
        _ to: String,
        _ error: StreamError.Condition?,
        _ hasFeatures: Bool
    ) {
        var accepted = ComponentStream.Configuration(security: .plain, secret: Self.secret)
        accepted.successor = Self.configuration(.plain)
        var stream = AcceptedStream(.component(accepted))
        let action = stream.opened(Self.header(to: to, namespace: namespace))
        #expect(action.error == error)
        if case .open(_, let features) = action { #expect((features != nil) == hasFeatures) }
    }

    @Test func isRefusedWhereItIsNotServed() {
        let accepted = ComponentStream.Configuration(security: .plain, secret: Self.secret)
        var stream = AcceptedStream(.component(accepted))
        #expect(stream.opened(Self.header()).error == .invalidNamespace)
    }

    @Test func offersWhatTheServerHas() {
        var plain = ServerStream(Self.configuration(.startTLS(isRequired: true)))
        guard case .open(_, let features?) = plain.opened(Self.header()) else {
            Issue.record("no features")
            return
        }
        #expect(features.child("starttls", Namespace.tls) != nil)
        #expect(features.child("mechanisms", Namespace.sasl) == nil)
        #expect(plain.received(Element("starttls", Namespace.tls)) != .nothing)
        plain.tlsEstablished(.none)
        guard case .open(_, let secured?) = plain.opened(Self.header()) else {
            Issue.record("no features behind TLS")
            return
        }
        let mechanisms = secured.child("mechanisms", Namespace.sasl)?.elements.map(\.text)
        #expect(mechanisms == ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"])
    }

    // MARK: Who it is

    @Test func authenticatesByItsDomain() throws {
        for authzid in ["", Self.one] {
            var stream = Self.fresh()
            let action = try Self.authenticate(&stream, authzid: authzid)
            guard case .restart(_, Self.jid(Self.one)) = action else {
                Issue.record("not let in")
                return
            }
        }
    }

    @Test(arguments: [
        (one, "wrong", "", "not-authorized"),
        // An account is none, whatever it is called (§3).
        ("alice@example.org", password, "", "not-authorized"),
        (one, password, two, "invalid-authzid"),
        (one, password, "alice@example.org", "invalid-authzid"),
    ])
    func refusesWhoIsNot(
        _ name: String,
        _ password: String,
        _ authzid: String,
        _ failure: String
    ) throws {
        var stream = Self.fresh()
        let action = try Self.authenticate(&stream, name, password: password, authzid: authzid)
        guard case .send(let answer) = action else {
            Issue.record("no failure")
            return
        }
        #expect(answer.matches("failure", Namespace.sasl))
        #expect(answer.child(failure, Namespace.sasl) != nil)
    }

    @Test func refusesAnotherNameInTheHeader() throws {
        var stream = Self.fresh()
        _ = try Self.authenticate(&stream)
        #expect(stream.opened(Self.header(from: Self.two)).error == .invalidFrom)
    }

    // MARK: Names

    @Test func bindsSeveralNames() throws {
        var stream = try Self.open()
        #expect(stream.jid == nil)
        Self.bind(Self.one, to: &stream)
        #expect(stream.jid == Self.jid(Self.one))
        Self.bind(Self.two, to: &stream)
        for name in [Self.one, Self.two] {
            guard case .deliver = stream.received(Self.message(from: "bot@" + name)) else {
                Issue.record("\(name) may not send")
                return
            }
        }
    }

    /// It may be what it did not authenticate as.
    @Test func needNotBindItsOwn() throws {
        let stream = try Self.bound(Self.two)
        #expect(stream.jid == Self.jid(Self.two))
    }

    @Test(arguments: [
        (nil, "bad-request"), ("", "bad-request"), ("@", "bad-request"),
        ("alice@chat.example.org", "bad-request"),
        ("chat.example.org/one", "not-allowed"),
        // Of another secret, and of none.
        (other, "not-allowed"), ("unknown.example.org", "not-allowed"),
        ("example.org", "not-allowed"),
        (two, "conflict"),
    ])
    func refusesNames(_ hostname: String?, _ condition: String) throws {
        var stream = try Self.bound(Self.two)
        let action = stream.received(Self.request("bind", hostname))
        #expect(Self.condition(action) == condition)
        // The stream goes on, with what it has.
        guard case .deliver = stream.received(Self.message(from: Self.two)) else {
            Issue.record("the stream is over")
            return
        }
    }

    @Test func tellsThatAnotherConnectionHasIt() throws {
        var stream = try Self.open()
        _ = stream.received(Self.request("bind", Self.one))
        #expect(Self.condition(stream.bindFailed(StanzaError(.conflict))) == "conflict")
        #expect(stream.jid == nil)
        Self.bind(Self.two, to: &stream)
    }

    @Test func endsWhoAsksInVainTooOften() throws {
        var stream = try Self.open()
        for _ in 1..<ServerStream.bindingFailuresMax {
            #expect(stream.received(Self.request("bind", Self.other)).error == nil)
        }
        let last = stream.received(Self.request("bind", Self.other))
        #expect(last.error == .policyViolation)
    }

    @Test func bindsSoMany() throws {
        var stream = try Self.open()
        for number in 0..<HostnameSession.namesMaximum { Self.bind("n\(number)", to: &stream) }
        let action = stream.received(Self.request("bind", "n1000"))
        #expect(Self.condition(action) == "resource-constraint")
    }

    @Test func givesNamesUp() throws {
        var stream = try Self.bound(Self.one, Self.two)
        guard
            case .unbind(Self.jid(Self.one), let answer) =
                stream.received(Self.request("unbind", Self.one, id: "u"))
        else {
            Issue.record("the name is not given up")
            return
        }
        #expect(answer["type"] == "result" && answer["id"] == "u" && answer.children.isEmpty)
        let again = stream.received(Self.request("unbind", Self.one))
        #expect(Self.condition(again) == "item-not-found")
        #expect(Self.condition(stream.received(Self.request("unbind", nil))) == "bad-request")
        guard case .deliver = stream.received(Self.message(from: Self.two)) else {
            Issue.record("the other name is gone too")
            return
        }
        #expect(stream.received(Self.message(from: Self.one)).error == .invalidFrom)
    }

    @Test func wantsAnIdentifier() throws {
        var stream = try Self.open()
        for id in [nil, ""] {
            #expect(
                Self.condition(stream.received(Self.request("bind", Self.one, id: id)))
                    == "bad-request"
            )
        }
    }

    // MARK: Stanzas

    private static func message(
        from: String?,
        to: String? = "alice@example.org"
    ) -> Element {
        var stanza = Element("message", Namespace.client)
        stanza["from"] = from
        stanza["to"] = to
        return stanza
    }

    @Test(arguments: [
        nil, "alice@example.org", "foo.example.org", "other.example.org",
        "sub.chat.example.org", "@",
    ])
    func endsWhoSpeaksForOthers(_ from: String?) throws {
        var stream = try Self.bound(Self.one)
        #expect(stream.received(Self.message(from: from)).error == .invalidFrom)
        #expect(stream.received(Self.message(from: Self.one)) == .nothing)
    }

    @Test func wantsToKnowToWhom() throws {
        var stream = try Self.bound(Self.one)
        #expect(
            stream.received(Self.message(from: Self.one, to: nil)).error == .improperAddressing
        )
    }

    @Test func routesNothingWithoutAName() throws {
        var stream = try Self.open()
        #expect(stream.received(Self.message(from: Self.one)).error == .notAuthorized)
    }

    @Test func givesStanzasTheLanguageOfTheStream() throws {
        var stream = try Self.bound(Self.one)
        guard case .deliver(let stanza) = stream.received(Self.message(from: Self.one)) else {
            Issue.record("not delivered")
            return
        }
        #expect(stanza.language == "de")
    }

    /// What looks like a request and is none goes its way.
    @Test func routesAnswersWithSuchPayloads() throws {
        var stream = try Self.bound(Self.one)
        for type in ["get", "result"] {
            var stanza = Self.request("bind", Self.two, type: type)
            stanza["from"] = Self.one
            stanza["to"] = "alice@example.org"
            guard case .deliver = stream.received(stanza) else {
                Issue.record("\(type) is not routed")
                return
            }
        }
    }

    /// Whatever comes in whatever order: nobody has a name without the proof.
    @Test func letsNobodyInByChance() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            var stream = Self.fresh()
            for _ in 0..<12 {
                switch Int.random(in: 0..<9, using: &random) {
                case 0: _ = stream.opened(Self.header())
                case 1: _ = stream.opened(Self.header(namespace: Namespace.component))
                case 2: _ = stream.received(Self.request("bind", Self.one))
                case 3: _ = stream.received(Self.request("unbind", Self.one))
                case 4: _ = stream.received(Self.message(from: Self.one))
                case 5: _ = stream.received(Element("handshake", Namespace.client, text: "00"))
                case 6: _ = stream.attemptAnswered(true)
                case 7: _ = stream.received(Element("response", Namespace.sasl, text: "AA=="))
                default: _ = stream.peerClosed()
                }
                #expect(stream.jid == nil)
            }
        }
    }

    /// The condition of an error that is sent.
    private static func condition(_ action: ServerStream.Action) -> String? {
        guard case .send(let answer) = action, answer["type"] == "error" else { return nil }
        return answer.child("error")?.elements.first?.name
    }
}
