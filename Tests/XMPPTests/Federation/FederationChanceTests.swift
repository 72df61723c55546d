import Testing

@testable import XMPP

/// Whatever comes, in whatever order: nothing crashes, and no pair is taken that was not proven.
@Suite struct FederationChanceTests {
    private static let domains = [
        Link.here, Link.there, "chat.montague.example", "rooms.capulet.example", "other.example",
    ]

    private struct Chance {
        var generator: SeededGenerator

        mutating func of(_ percent: Int) -> Bool {
            Int.random(in: 0..<100, using: &generator) < percent
        }

        mutating func one<T>(of values: [T], else other: T) -> T {
            values.randomElement(using: &generator) ?? other
        }

        mutating func domain() -> String { one(of: domains, else: Link.there) }

        mutating func header(id: String?) -> StreamHeader {
            let isUsual = of(80)
            return Link.header(
                to: isUsual ? Link.here : one(of: [nil, domain(), "@"], else: nil),
                from: isUsual ? Link.there : one(of: [nil, domain(), "@"], else: nil),
                namespace: of(98) ? Namespace.server : Namespace.client,
                version: of(98) ? "1.0" : nil,
                id: id
            )
        }

        mutating func dialback() -> Element {
            let content = one(
                of: [.key("k"), .key("l"), .valid, .invalid, .error(StanzaError(.forbidden))],
                else: DialbackMessage.Content.valid
            )
            let (from, to) =
                of(50)
                ? (of(50) ? (Link.there, Link.here) : (Link.here, Link.there))
                : (domain(), domain())
            return of(60)
                ? Link.result(content, from: from, to: to)
                : Link.verify(content, from: from, to: to, id: of(80) ? "s" : "t")
        }

        mutating func acknowledgement() -> Element {
            let names = ["enable", "enabled", "failed", "r", "a", "a", "resume"]
            var element = Element(one(of: names, else: "r"), Namespace.streamManagement)
            if of(90) { element["h"] = String(Int.random(in: 0...3, using: &generator)) }
            return element
        }

        mutating func stanza() -> Element {
            var element = Element(
                one(of: ["message", "iq", "presence"], else: "x"),
                Namespace.client
            )
            if of(95) { element["from"] = of(80) ? "a@" + domain() : "\"@" + domain() }
            if of(95) { element["to"] = of(80) ? domain() : "a@@" + domain() }
            if of(50) { element["type"] = one(of: ["get", "error", "result"], else: "set") }
            return element
        }

        /// Anything; seldom what ends a stream, so that much can come behind it.
        mutating func element() -> Element {
            switch Int.random(in: 0..<40, using: &generator) {
            case 0...2: stanza()
            case 3: acknowledgement()
            case 4...6: of(70) ? Link.startTLS : Element("proceed", Namespace.tls)
            case 7...9: Link.external(of(70) ? Link.there : domain())
            case 10...11: of(80) ? .bidirectional : SASLFailure(.notAuthorized).element
            case 12: Element("success", Namespace.sasl)
            case 13: OutboundFederation.features("starttls", "external", "dialback")
            default: dialback()
            }
        }

        /// What a peer says that keeps to the order of things.
        mutating func step(_ state: OutboundFederation.State) -> Element {
            switch state {
            case .awaitingFeatures(.unencrypted): OutboundFederation.features("starttls")
            case .awaitingFeatures:
                of(50)
                    ? OutboundFederation.features("external", "bidi", "dialback", "sm")
                    : OutboundFederation.features("bidi", "dialback")
            case .askingForTLS: Element("proceed", Namespace.tls)
            case .authenticating:
                of(50) ? Element("success", Namespace.sasl) : SASLFailure(.notAuthorized).element
            default: element()
            }
        }
    }

    private static func policy(_ chance: inout Chance) -> FederationPolicy {
        let isLax = chance.of(40)
        let authentication: FederationPolicy.Authentication =
            chance.of(80) ? .dialback : .certificate
        var policy = Link.policy {
            $0.requiresEncryption = !isLax
            $0.authentication = authentication
            $0.limits.failures = 20
        }
        if chance.of(30) {
            _ = policy.set(FederationPolicy.Rule(isAllowed: false), for: "other.example")
        }
        return policy
    }

    // MARK: Streams of others

    /// What a test knows to be proven, by what it has answered itself.
    private struct Proven {
        var pairs: Set<DomainPair> = []
        var questions: [DialbackQuestion] = []
        var header: (local: String, remote: String)?
        var certificate = noCertificate
        var isCertificateUsed = false

        mutating func note(_ action: FederationAction) {
            switch action {
            case .startTLS:
                // What was said in the clear counts for nothing.
                pairs = []
                questions = []
            case .restart: isCertificateUsed = true
            case .verify(let question): questions.append(question)
            default: break
            }
        }
    }

    @Test(arguments: 0..<20)
    func takesNoPairThatIsNotProvenToIt(_ seed: UInt64) throws {
        var reached = 0
        for run in 0..<200 as Range<UInt64> {
            var chance = Chance(generator: SeededGenerator(seed: seed &* 1000 &+ run))
            reached += try inbound(&chance)
        }
        // Otherwise nothing was tried.
        #expect(reached > 0)
    }

    private func inbound(_ chance: inout Chance) throws -> Int {
        let security: FederationSecurity = chance.of(50) ? .direct : .startTLS
        let policy = Self.policy(&chance)
        var stream = InboundFederation(try .usual(security, policy: policy), token: { "s" })
        var proven = Proven()
        var reached = 0
        for _ in 0..<40 {
            let action = step(&stream, &proven, &chance)
            proven.note(action)
            #expect(stream.pairs.isSubset(of: proven.pairs))
            #expect(stream.pairs.allSatisfy { policy.rule(for: $0.remote).isAllowed })
            reached += stream.pairs.count
            if case .deliver(let stanza) = action {
                let pair = DomainPair(
                    local: stanza.to?.domain ?? "",
                    remote: stanza.from?.domain ?? ""
                )
                #expect(proven.pairs.contains(pair))
            }
        }
        stream.disconnected()
        #expect(stream.close(nil) == .nothing)
        return reached
    }

    /// One event; what only a broken caller would feed is left out.
    private func step(
        _ stream: inout InboundFederation,
        _ proven: inout Proven,
        _ chance: inout Chance
    ) -> FederationAction {
        switch stream.state {
        case .securing where chance.of(90):
            stream.tlsEstablished()
            return .nothing
        case .checkingCertificate where chance.of(95):
            proven.certificate = chance.of(60) ? goodCertificate : noCertificate
            return stream.certificateChecked(proven.certificate)
        case .awaitingHeader, .awaitingFinalHeader:
            guard chance.of(95) else { break }
            let header = chance.header(id: nil)
            // Only one that names what the first one did is taken.
            if proven.isCertificateUsed, proven.certificate == goodCertificate,
                let claimed = stream.claimed, header.to == Link.here || header.to == nil
            {
                proven.pairs.insert(DomainPair(local: Link.here, remote: claimed))
            }
            return stream.opened(header)
        default: break
        }
        if chance.of(25), let question = proven.questions.randomElement(using: &chance.generator) {
            let verdict: DialbackVerdict = chance.of(50) ? .valid : .invalid
            if verdict == .valid { proven.pairs.insert(question.pair) }
            return stream.verified(question, verdict)
        }
        switch Int.random(in: 0..<200, using: &chance.generator) {
        case 0: return stream.peerClosed()
        case 1: return stream.timedOut()
        case 2: return stream.inputFailed(StreamError(.notWellFormed))
        case 3: return stream.opened(chance.header(id: nil))
        case 4...10: return stream.wrote(1)
        case 11...15:
            stream.handled(through: UInt64.random(in: 0...9, using: &chance.generator))
            return stream.requestAcknowledgement()
        default: return stream.received(chance.element())
        }
    }

    // MARK: Streams of ours

    @Test(arguments: 0..<20)
    func sendsForNoPairThatIsNotGranted(_ seed: UInt64) throws {
        var reached = 0
        for run in 0..<200 as Range<UInt64> {
            var chance = Chance(generator: SeededGenerator(seed: seed &* 1000 &+ run))
            reached += try outbound(&chance)
        }
        #expect(reached > 0)
    }

    private func outbound(_ chance: inout Chance) throws -> Int {
        let security: FederationSecurity = chance.of(50) ? .direct : .startTLS
        let policy = Self.policy(&chance)
        var stream = OutboundFederation(try .usual(security, policy: policy))
        _ = stream.connected()
        var asked: Set<DomainPair> = []
        var granted: Set<DomainPair> = []
        var reached = 0
        for _ in 0..<40 {
            let element = chance.of(90) ? chance.step(stream.state) : chance.element()
            let isOpening: Bool
            switch stream.state {
            case .opening: isOpening = true
            default: isOpening = false
            }
            let action: FederationAction
            if stream.state == .securing {
                action = stream.tlsEstablished(chance.of(60) ? goodCertificate : noCertificate)
            } else if isOpening, chance.of(95) {
                action = stream.opened(chance.header(id: chance.of(95) ? "s" : nil))
            } else if stream.isReady, chance.of(10) {
                action = stream.prove(chance.domain())
            } else if chance.of(5) {
                let pair = DomainPair(local: Link.there, remote: Link.here)
                action = stream.ask(DialbackQuestion(pair: pair, streamID: "s", key: "k"))
            } else if chance.of(1) {
                action = chance.of(50) ? stream.timedOut() : stream.peerClosed()
            } else {
                if let pair = Self.valid(element), asked.contains(pair) { granted.insert(pair) }
                if element.matches("success", Namespace.sasl) {
                    granted.insert(DomainPair(local: Link.there, remote: Link.here))
                }
                action = stream.received(element)
            }
            asked.formUnion(action.sent.compactMap(Self.key))
            #expect(stream.pairs.isSubset(of: granted))
            // Only for what it has granted may the peer send.
            #expect(stream.session.accepted.isSubset(of: stream.pairs))
            reached += stream.pairs.count
            guard case .deliver(let stanza) = action else { continue }
            #expect(stanza.from?.domain == Link.here)
            #expect(stream.isBidirectional == true)
        }
        _ = stream.disconnected()
        #expect(stream.disconnected() == .nothing)
        return reached
    }

    /// The pair that a `valid` is for.
    private static func valid(_ element: Element) -> DomainPair? {
        guard let message = try? DialbackMessage(element), message.kind == .result,
            message.content == .valid
        else { return nil }
        return DomainPair(local: message.to, remote: message.from)
    }

    /// The pair that a key is sent for.
    private static func key(_ element: Element) -> DomainPair? {
        guard let message = try? DialbackMessage(element), message.kind == .result,
            case .key = message.content
        else { return nil }
        return DomainPair(local: message.from, remote: message.to)
    }
}
