import Testing

@testable import XMPP

/// Two servers in conversation: the one that connects, the one that accepts, and the one that
/// connects once more, as the one that is asked about its keys.
private final class TwoServers {
    let wire: FederationWire
    private let policy: FederationPolicy
    private let security: FederationSecurity
    private let ownKeys: DialbackKeys
    private let bytesAtOnce: Int
    /// What came of the streams that carry a question.
    private(set) var asked = 0

    /// `impostor` connects without the secret of the domain it claims to be.
    init(
        security: FederationSecurity = .startTLS,
        policy: FederationPolicy = Link.policy(),
        certificates: FederationWire.Certificates = .init(),
        impostor: Bool = false,
        bytesAtOnce: Int = .max
    ) throws {
        ownKeys = try Link.keys("the secret of the one that connects")
        self.policy = policy
        self.security = security
        self.bytesAtOnce = bytesAtOnce
        var outbound = try OutboundFederation.Configuration.usual(security, policy: policy)
        outbound.keys = impostor ? try Link.keys("another, of an impostor") : ownKeys
        wire = FederationWire(
            outbound,
            try .usual(security, policy: policy),
            certificates: certificates,
            bytesAtOnce: bytesAtOnce
        )
    }

    func run() throws {
        wire.run()
        try answerQuestions()
    }

    func answerQuestions() throws {
        while let question = wire.questions.popLast() { try ask(question) }
    }

    /// The accepting server opens a stream back, for a question alone.
    private func ask(_ question: DialbackQuestion) throws {
        let outbound = OutboundFederation.Configuration(
            question.pair,
            for: .questions,
            security: security,
            policy: policy,
            keys: try Link.keys()
        )
        let authoritative = InboundFederation.Configuration(
            domain: Link.there,
            serves: { $0 == Link.there || $0 == "rooms.capulet.example" },
            security: security,
            policy: policy,
            keys: ownKeys
        )
        let back = FederationWire(outbound, authoritative, bytesAtOnce: bytesAtOnce)
        back.run()
        back.ask(question)
        asked += 1
        guard case .answered(question, let verdict)? = back.outboundEvents.last else {
            Issue.record("no answer: \(back.outboundEvents)")
            return
        }
        #expect(back.failure == nil)
        #expect(back.outboundIsDone && back.inboundIsDone)
        wire.answer(question, verdict)
    }
}

@Suite struct FederationPairTests {
    private static let there = DomainPair(local: Link.there, remote: Link.here)

    struct Case: Sendable, CustomTestStringConvertible {
        var security = FederationSecurity.startTLS
        var isCertified = false
        var bytesAtOnce = Int.max
        var testDescription: String {
            "\(security), \(isCertified ? "certificates" : "dialback"), \(bytesAtOnce)"
        }

        static let all = [1, 7, Int.max].flatMap { bytes in
            [false, true].flatMap { isCertified in
                [FederationSecurity.startTLS, .direct].map {
                    Case(security: $0, isCertified: isCertified, bytesAtOnce: bytes)
                }
            }
        }
    }

    @Test(arguments: Case.all)
    func getReady(_ way: Case) throws {
        let trusted = FederationWire.Certificates(
            ofOutbound: goodCertificate,
            ofInbound: goodCertificate
        )
        let servers = try TwoServers(
            security: way.security,
            certificates: way.isCertified ? trusted : .init(),
            bytesAtOnce: way.bytesAtOnce
        )
        try servers.run()
        let proof: FederationProof = way.isCertified ? .certificate(.authority) : .dialback
        #expect(servers.wire.inboundEvents == [.authenticated(Link.pair, proof, .both)])
        #expect(servers.wire.outboundEvents == [.authenticated(Self.there, proof, .both)])
        #expect(servers.asked == (way.isCertified ? 0 : 1))
        #expect(servers.wire.outbound.isCertificateTaken == way.isCertified)
        #expect(servers.wire.outbound.acknowledgements.areOn == true)
        #expect(servers.wire.inbound.acknowledgements.areOn == true)
    }

    @Test func carryStanzasBothWays() throws {
        let servers = try TwoServers()
        try servers.run()
        let wire = servers.wire
        let forth = Stanza(
            .message,
            from: try JID("juliet@capulet.example/balcony"),
            to: try JID("romeo@montague.example"),
            [Element("body", Namespace.client, text: "wherefore")]
        )
        let back = Stanza(.message, from: forth.to, to: forth.from, [])
        for _ in 0..<3 { wire.send(fromOutbound: forth) }
        wire.send(fromInbound: back)
        // No header of ours says a language of what others write.
        #expect(wire.inboundStanzas == [forth, forth, forth])
        #expect(wire.outboundStanzas == [back])
        #expect(wire.outbound.acknowledgements.remainder == .unacknowledged(3))
        #expect(wire.inbound.acknowledgements.remainder == .unacknowledged(1))
        wire.askWhatArrived()
        #expect(wire.outboundEvents.last == .settled(3))
        #expect(wire.inboundEvents.last == .settled(1))
        #expect(wire.outbound.acknowledgements.remainder == .none)
        wire.closeOutbound()
        #expect(wire.outboundIsDone && wire.inboundIsDone)
        #expect(wire.failure == nil)
    }

    @Test(arguments: [false, true])
    func proveAnotherDomain(_ isCertified: Bool) throws {
        let certificates = FederationWire.Certificates(
            ofOutbound: isCertified ? goodCertificate : noCertificate,
            ofInbound: noCertificate
        )
        let servers = try TwoServers(certificates: certificates)
        try servers.run()
        servers.wire.prove("rooms.capulet.example")
        try servers.answerQuestions()
        let rooms = DomainPair(local: Link.here, remote: "rooms.capulet.example")
        #expect(servers.wire.inbound.pairs == [Link.pair, rooms])
        #expect(servers.wire.outbound.pairs.count == 2)
    }

    @Test func findOutAnImpostor() throws {
        let servers = try TwoServers(impostor: true)
        try servers.run()
        #expect(servers.asked == 1)
        #expect(servers.wire.failure == .keyDenied)
        #expect(servers.wire.inbound.pairs.isEmpty)
        #expect(servers.wire.outboundIsDone && servers.wire.inboundIsDone)
    }

    @Test func refuseDialbackWhereCertificatesAreWanted() throws {
        let policy = Link.policy { $0.authentication = .certificate }
        let half = FederationWire.Certificates(
            ofOutbound: noCertificate,
            ofInbound: goodCertificate
        )
        let servers = try TwoServers(policy: policy, certificates: half)
        try servers.run()
        #expect(servers.asked == 0)
        guard case .verificationFailed(let error)? = servers.wire.failure else {
            Issue.record("\(String(describing: servers.wire.failure))")
            return
        }
        #expect(error.condition == .notAuthorized)
        #expect(servers.wire.failure?.isPermanent == true)
        #expect(
            servers.wire.failure?.summary
                == "the server could not verify our dialback key: not-authorized "
                + "(capulet.example has to show a certificate that is trusted here)"
        )
    }
}
