import Synchronization
import Testing

@testable import XMPP

/// Both sides of a component's stream (XEP-0114).
@Suite struct ComponentStreamTests {
    static let domain = "gateway.example.org"
    static let secret = Array("a long random text".utf8)

    private static func stream(
        _ security: ServerStream.Security = .plain,
        token: @escaping @Sendable () -> String = Fixture.token
    ) -> ComponentStream {
        ComponentStream(
            .init(security: security) { $0 == domain ? secret : nil },
            token: token
        )
    }

    /// Sends the proof, which is looked at.
    private static func prove(
        _ proof: String,
        to stream: inout ComponentStream
    ) -> ServerStream.Action {
        let asked = stream.received(Element("handshake", Namespace.client, text: proof))
        #expect(asked == .attempt(name: JID(normalizedLocal: nil, domain: domain)))
        #expect(stream.jid == nil)
        return stream.attemptAnswered(true)
    }

    private static func header(
        to: String? = domain,
        namespace: String = Namespace.component
    ) -> StreamHeader {
        StreamHeader(namespace: namespace, to: to, version: nil)
    }

    /// A stream whose component is attached.
    private static func attached() -> ComponentStream {
        var stream = stream()
        _ = stream.opened(header())
        let proof = ComponentStream.handshake(id: Fixture.token(), secret: secret)
        _ = prove(proof, to: &stream)
        _ = stream.bound(JID(normalizedLocal: nil, domain: domain))
        return stream
    }

    // MARK: Headers

    @Test(arguments: [
        (header(), nil),
        (header(to: "GATEWAY.example.org"), nil),
        (header(to: "other.example.org"), StreamError.Condition.hostUnknown),
        (header(to: "a@gateway.example.org"), .improperAddressing),
        (header(to: nil), .improperAddressing),
        (header(namespace: Namespace.client), .invalidNamespace),
    ])
    func checksTheHeader(_ header: StreamHeader, _ error: StreamError.Condition?) {
        var stream = Self.stream()
        let action = stream.opened(header)
        #expect(action.error == error)
        // An error stands in a stream, so ours is opened for it (XEP-0114 §3).
        #expect((action.ending?.header != nil) == (error != nil))
    }

    @Test func opensWithoutVersionAndFeatures() throws {
        var stream = Self.stream()
        guard case .open(let header, nil) = stream.opened(Self.header()) else {
            Issue.record("no header, or features")
            return
        }
        #expect(header.version == nil)
        #expect(header.from == Self.domain)
        #expect(header.id == Fixture.token())
    }

    // MARK: The handshake

    /// The example of XEP-0114 §3 uses this way to compute; the digest is SHA-1 of "idsecret".
    @Test func computesTheHandshake() {
        let proof = ComponentStream.handshake(id: "3BF96D32", secret: Array("secret".utf8))
        #expect(proof == Hex.encode(Digest.sha1(Array("3BF96D32secret".utf8))))
        #expect(proof.utf8.count == 40)
    }

    @Test(arguments: [
        "", "0", ComponentStream.handshake(id: "another", secret: secret),
        ComponentStream.handshake(id: Fixture.token(), secret: Array("wrong".utf8)),
        ComponentStream.handshake(id: Fixture.token(), secret: secret).uppercased(),
    ])
    func refusesAnotherProof(_ proof: String) {
        var stream = Self.stream()
        _ = stream.opened(Self.header())
        let action = Self.prove(proof, to: &stream)
        #expect(action.error == .notAuthorized)
        #expect(stream.jid == nil)
    }

    /// Who was wrong too often is not told whether this one is right.
    @Test func looksAtNoProofInAPause() {
        var stream = Self.stream()
        _ = stream.opened(Self.header())
        let proof = ComponentStream.handshake(id: Fixture.token(), secret: Self.secret)
        _ = stream.received(Element("handshake", Namespace.client, text: proof))
        #expect(stream.attemptAnswered(false).error == .policyViolation)
        #expect(stream.jid == nil)
        #expect(stream.attemptAnswered(true) == .nothing)
    }

    @Test func asksOnceForOneProof() {
        var stream = Self.stream()
        _ = stream.opened(Self.header())
        #expect(stream.attemptAnswered(true) == .nothing)
        let handshake = Element("handshake", Namespace.client, text: "0")
        _ = stream.received(handshake)
        #expect(stream.received(handshake).error == .badFormat)
        #expect(stream.attemptAnswered(true) == .nothing)
    }

    /// The secret is the one of the moment.
    @Test func knowsNoSecretsByHeart() {
        let secrets = Mutex<[String: [UInt8]]>([:])
        func stream() -> ComponentStream {
            ComponentStream(
                .init(security: .plain) { name in secrets.withLock { $0[name] } },
                token: Fixture.token
            )
        }
        var one = stream()
        #expect(one.opened(Self.header()).error == .hostUnknown)
        secrets.withLock { $0[Self.domain] = [1, 2] }
        var two = stream()
        #expect(two.opened(Self.header()).error == nil)
        secrets.withLock { $0[Self.domain] = Self.secret }
        let proof = ComponentStream.handshake(id: Fixture.token(), secret: Self.secret)
        #expect(Self.prove(proof, to: &two).error == nil)
        var three = stream()
        _ = three.opened(Self.header())
        secrets.withLock { $0 = [:] }
        #expect(Self.prove(proof, to: &three).error == .hostUnknown)
    }

    @Test func refusesStanzasBeforeTheHandshake() {
        var stream = Self.stream()
        _ = stream.opened(Self.header())
        let action = stream.received(Element("message", Namespace.client))
        #expect(action.error == .notAuthorized)
    }

    @Test func endsWithConflictWhereTheDomainIsTaken() {
        var stream = Self.stream()
        _ = stream.opened(Self.header())
        let proof = ComponentStream.handshake(id: Fixture.token(), secret: Self.secret)
        let ask = Self.prove(proof, to: &stream)
        let domain = JID(normalizedLocal: nil, domain: Self.domain)
        #expect(ask == .bind(account: domain, resource: nil))
        #expect(stream.bindFailed(StanzaError(.conflict)).error == .conflict)
        #expect(stream.jid == nil)
    }

    // MARK: Stanzas

    @Test(arguments: ["gateway.example.org", "bot@gateway.example.org", "a@gateway.example.org/b"])
    func deliversWhatIsFromItsDomain(_ from: String) throws {
        var stream = Self.attached()
        let stanza = Element(
            "message",
            Namespace.client,
            attributes: [.init("from", from), .init("to", "alice@example.org")]
        )
        guard case .deliver(let delivered) = stream.received(stanza) else {
            Issue.record("not delivered")
            return
        }
        #expect(delivered.from?.description == from)
    }

    /// A component must not speak for others (XEP-0114 §5).
    @Test(arguments: [
        nil, "alice@example.org", "example.org", "sub.gateway.example.org",
        "gateway.example.org.evil.org", "@",
    ])
    func endsWhoSpeaksForOthers(_ from: String?) {
        var stream = Self.attached()
        var stanza = Element("message", Namespace.client)
        stanza["to"] = "alice@example.org"
        stanza["from"] = from
        #expect(stream.received(stanza).error == .invalidFrom)
        #expect(stream.received(stanza) == .nothing)
    }

    @Test func wantsToKnowToWhom() {
        var stream = Self.attached()
        var stanza = Element("message", Namespace.client)
        stanza["from"] = Self.domain
        #expect(stream.received(stanza).error == .improperAddressing)
    }

    @Test func answersABadAddressAndGoesOn() {
        var stream = Self.attached()
        var stanza = Element("message", Namespace.client)
        stanza["from"] = "bot@" + Self.domain
        stanza["to"] = "@"
        guard case .send(let error) = stream.received(stanza) else {
            Issue.record("no answer")
            return
        }
        #expect(error["type"] == "error")
        #expect(error["to"] == "bot@" + Self.domain)
        #expect(stream.jid != nil)
    }

    // MARK: Both sides

    /// Runs the two against each other until nothing is left to say.
    private func attach(_ client: inout ComponentClientStream, to server: inout ComponentStream)
        -> ClientStreamFailure?
    {
        var action = client.connected()
        for _ in 0..<10 {
            let answer: ServerStream.Action
            switch action {
            case .open(let header): answer = server.opened(header)
            case .send(let element):
                guard case .attempt = server.received(element) else { return .closedByServer }
                answer = server.attemptAnswered(true)
            case .online: return nil
            case .fail(let failure, _): return failure
            default: return .closedByServer
            }
            switch answer {
            case .open(let header, _): action = client.opened(header)
            case .bind(let jid, _):
                guard case .send(let element) = server.bound(jid) else { return .closedByServer }
                action = client.received(element)
            case .close(let ending):
                if let header = ending.header { _ = client.opened(header) }
                guard let error = ending.error else { return .closedByServer }
                action = client.received(error.element)
            default: return .closedByServer
            }
        }
        return .timedOut
    }

    @Test func attaches() {
        var server = Self.stream(token: Random.token)
        let domain = JID(normalizedLocal: nil, domain: Self.domain)
        var client = ComponentClientStream(domain: domain, secret: Self.secret, usesTLS: false)
        #expect(attach(&client, to: &server) == nil)
        #expect(server.jid == domain)
    }

    @Test func tellsTheComponentWhy() {
        var server = Self.stream(token: Random.token)
        let domain = JID(normalizedLocal: nil, domain: Self.domain)
        var client = ComponentClientStream(domain: domain, secret: [1, 2], usesTLS: false)
        #expect(attach(&client, to: &server) == .streamFailed(StreamError(.notAuthorized)))
        var other = Self.stream(token: Random.token)
        let unknown = JID(normalizedLocal: nil, domain: "other.example.org")
        client = ComponentClientStream(domain: unknown, secret: Self.secret, usesTLS: false)
        guard case .streamFailed(let error) = attach(&client, to: &other) else {
            Issue.record("no stream error")
            return
        }
        #expect(error.condition == .hostUnknown)
    }

    /// Whatever comes in whatever order: nobody is attached without the proof.
    @Test func attachesNobodyByChance() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            var stream = Self.stream(Bool.random(using: &random) ? .plain : .direct)
            for _ in 0..<12 {
                switch Int.random(in: 0..<10, using: &random) {
                case 0: _ = stream.opened(Self.header())
                case 1: _ = stream.opened(Self.header(to: "x"))
                case 2: _ = stream.received(Element("handshake", Namespace.client, text: "00"))
                case 3: _ = stream.received(Element("message", Namespace.client))
                case 4: stream.tlsEstablished(.none)
                case 5: _ = stream.bindFailed(StanzaError(.conflict))
                case 6: _ = stream.peerClosed()
                case 7: _ = stream.timedOut()
                case 8: _ = stream.attemptAnswered(true)
                default: _ = stream.bound(JID(normalizedLocal: nil, domain: Self.domain))
                }
                #expect(stream.jid == nil)
            }
        }
    }
}
