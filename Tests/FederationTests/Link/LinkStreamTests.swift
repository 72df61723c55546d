import Testing
import XMPP

@testable import Federation

@Suite("Link, authentication")
struct LinkStreamTests {
    private let now = LinkHandshake.now

    @Test(arguments: [nil, [1, 2, 3]] as [[UInt8]?])
    func authenticatesBothEnds(_ binding: [UInt8]?) {
        let tls = binding != nil
        let link = LinkHandshake(.opening(usesTLS: tls), .accepting(usesTLS: tls))
        link.run(openerBinding: binding, accepterBinding: binding)
        let opener = LinkPeer(name: "s2s", instance: "instance-of-the-opener")
        let accepter = LinkPeer(name: "router", instance: "instance-of-the-accepter")
        #expect(link.accepterDid == .ready(opener, send: link.accepterProof))
        #expect(link.openerDid == .ready(accepter, send: nil))
        #expect(link.opener.isReady == true)
    }

    @Test func showsAWrongOpenerNoProof() {
        let link = LinkHandshake(.opening(secret: "another secret, as long"), .accepting())
        link.run()
        #expect(link.accepterDid.error == .notAuthorized)
        #expect(link.accepterDid.failure == .notAuthenticated)
        #expect(link.accepterProof == nil)
        #expect(link.accepter.isReady == false)
    }

    @Test func refusesAnAccepterThatDoesNotKnowTheSecret() {
        let link = LinkHandshake(.opening(), .accepting(secret: "another secret, as long"))
        link.run()
        let guess = Element("proof", LinkMessage.namespace, text: Base64.encode(Array(0..<32)))
        #expect(link.opener.received(guess, now: now).error == .notAuthorized)
        #expect(link.opener.isReady == false)
    }

    @Test func refusesItsOwnProofSentBack() throws {
        let link = LinkHandshake(.opening(), .accepting(secret: "another secret, as long"))
        link.run()
        let proof = try #require(link.openerProof)
        #expect(link.opener.received(proof, now: now).error == .notAuthorized)
    }

    @Test func refusesItsOwnNonceAndItsOwnName() {
        var nonce = LinkStream.accepting()
        _ = nonce.connected()
        #expect(nonce.opened(.link(id: "nonce-of-the-accepter")).error == .notAuthorized)
        var name = LinkStream.accepting()
        _ = name.connected()
        #expect(name.opened(.link(from: "router")).error == .notAuthorized)
    }

    /// A process that opens one link and accepts another with one secret, and somebody who has it
    /// talk to itself.
    @Test func doesNotAuthenticateTowardsItself() throws {
        let link = LinkHandshake(
            .opening(as: "router", to: "s2s"),
            .accepting(as: "router", from: "s2s")
        )
        link.run()
        #expect(link.accepterDid.error == .notAuthorized)
        // The one between them changes the names, so that both go on up to the proofs.
        var opener = LinkStream.opening(as: "router", to: "s2s")
        var accepter = LinkStream.accepting(as: "router", from: "s2s")
        _ = accepter.connected()
        guard case .open(var header, let hello) = opener.connected() else { return }
        header.from = "s2s"
        header.to = "router"
        guard case .open(var answer, let answering) = accepter.opened(header) else { return }
        _ = accepter.received(hello, now: now)
        answer.from = "s2s"
        answer.to = "router"
        _ = opener.opened(answer)
        guard case .send(let proof) = opener.received(answering, now: now) else {
            Issue.record("no proof")
            return
        }
        #expect(accepter.received(proof, now: now).error == .notAuthorized)
    }

    @Test func refusesAProofOfAnotherConnection() throws {
        let first = LinkHandshake(.opening(), .accepting())
        first.run()
        let proof = try #require(first.openerProof)
        var second = LinkStream.accepting(nonce: "another-nonce-of-it")
        _ = second.connected()
        _ = second.opened(.link(id: "nonce-of-the-opener"))
        _ = second.received(.hello("instance-of-the-opener"), now: now)
        #expect(second.received(proof, now: now).error == .notAuthorized)
    }

    @Test func refusesAManInTheMiddleOfTLS() {
        let link = LinkHandshake(.opening(usesTLS: true), .accepting(usesTLS: true))
        link.run(openerBinding: [1, 2, 3], accepterBinding: [1, 2, 4])
        #expect(link.accepterDid.error == .notAuthorized)
        #expect(link.accepterProof == nil)
    }

    @Test func refusesTLSThatCannotBeBound() {
        var stream = LinkStream.opening(usesTLS: true)
        #expect(stream.connected() == .startTLS)
        #expect(stream.tlsEstablished([]) == .disconnect(.notAuthenticated))
    }

    /// What the man in the middle may change: every field is in the proof.
    @Test(arguments: ["opener", "accepter", "nonce", "instance"])
    func provesAllThatWasSaid(_ field: String) {
        var opener = LinkStream.opening()
        var accepter = LinkStream.accepting()
        _ = accepter.connected()
        guard case .open(var header, var hello) = opener.connected() else { return }
        if field == "opener" { header.from = "s2t" }
        if field == "nonce" { header.id = "nonce-of-the-opener-2" }
        if field == "instance" { hello["instance"] = "instance-of-another" }
        guard case .open(var answer, let answering) = accepter.opened(header) else { return }
        answer.to = "s2s"
        if field == "accepter" { answer.id = "nonce-of-another" }
        _ = accepter.received(hello, now: now)
        _ = opener.opened(answer)
        guard case .send(let proof) = opener.received(answering, now: now) else {
            Issue.record("no proof")
            return
        }
        #expect(accepter.received(proof, now: now).error == .notAuthorized)
    }

    @Test func saysOfAnUnknownNameNoMoreThanOfAWrongSecret() {
        var stream = LinkStream.accepting()
        _ = stream.connected()
        guard case .open = stream.opened(.link(from: "nobody")) else {
            Issue.record("refused before its proof")
            return
        }
        _ = stream.received(.hello("instance-of-the-opener"), now: now)
        let guess = Element("proof", LinkMessage.namespace, text: Base64.encode(Array(0..<32)))
        #expect(stream.received(guess, now: now).error == .notAuthorized)
    }

    @Test func refusesAShortSecret() {
        #expect(LinkSecret(Array(repeating: 1, count: 15)) == nil)
        #expect(LinkSecret(Array(repeating: 1, count: 16)) != nil)
    }
}

@Suite("Link, stream")
struct LinkStreamOrderTests {
    private let now = LinkHandshake.now

    private func session() -> LinkHandshake {
        let link = LinkHandshake(.opening(), .accepting())
        link.run()
        return link
    }

    @Test(
        arguments: [
            (StreamHeader.link(from: String(repeating: "n", count: 65)), .improperAddressing),
            (.link(from: ""), .improperAddressing), (.link(from: nil), .improperAddressing),
            (.link(from: "a name"), .improperAddressing),
            (.link(from: "a\nb"), .improperAddressing),
            (.link(id: nil), .badFormat), (.link(id: "short"), .badFormat),
            (.link(id: String(repeating: "n", count: 65)), .badFormat),
            (.link(to: "another"), .notAuthorized), (.link(to: nil), .notAuthorized),
            (.link(namespace: Namespace.client), .invalidNamespace),
            (.link(version: nil), .unsupportedVersion),
        ] as [(StreamHeader, StreamError.Condition)]
    )
    func refusesHeader(_ header: StreamHeader, _ condition: StreamError.Condition) {
        var stream = LinkStream.accepting()
        _ = stream.connected()
        guard case .close(let ending, _) = stream.opened(header) else {
            Issue.record("it was taken")
            return
        }
        #expect(ending.error?.condition == condition)
        #expect(ending.header != nil)
    }

    @Test(
        arguments: [
            nil, "", "short", String(repeating: "i", count: 65), "an instance, of course",
        ] as [String?]
    )
    func refusesInstance(_ instance: String?) {
        var stream = LinkStream.accepting()
        _ = stream.connected()
        _ = stream.opened(.link())
        #expect(stream.received(.hello(instance), now: now).error == .badFormat)
    }

    @Test func takesNothingOutOfItsTurn() {
        let proof = Element("proof", LinkMessage.namespace, text: "AAAA")
        let stanza = Element("message", Namespace.client)
        for element in [proof, stanza, LinkMessage.started.element] {
            var early = LinkStream.accepting()
            _ = early.connected()
            #expect(early.received(element, now: now).error == .badFormat)
            var before = LinkStream.accepting()
            _ = before.connected()
            _ = before.opened(.link())
            #expect(before.received(element, now: now).error == .notAuthorized)
        }
        for element in [stanza, LinkMessage.started.element, .hello("instance-of-the-opener")] {
            var late = LinkStream.accepting()
            _ = late.connected()
            _ = late.opened(.link())
            _ = late.received(.hello("instance-of-the-opener"), now: now)
            #expect(late.received(element, now: now).error == .notAuthorized)
        }
    }

    @Test func endsAtASecondHeader() {
        let link = session()
        #expect(link.accepter.opened(.link()).error == .badFormat)
        #expect(link.accepter.received(Element("message", Namespace.client), now: now) == .nothing)
    }

    @Test func passesWhatIsForTheLedger() {
        let link = session()
        let stanza = Element("message", Namespace.client)
        #expect(link.accepter.received(stanza, now: now) == .pass(.element(stanza)))
        let report = LinkMessage.read(4).element
        #expect(link.opener.received(report, now: now) == .pass(.element(report)))
    }

    @Test func asksAPeerThatIsSilentAndGivesItUp() {
        let link = session()
        let silence = LinkStream.Heartbeat().silence
        #expect(link.opener.deadline == now + silence)
        #expect(link.opener.tick(now: now) == .nothing)
        let ask = LinkAction.send(LinkMessage.element("ask"))
        let answer = LinkMessage.element("answer")
        let first = now + silence
        #expect(link.opener.tick(now: first) == ask)
        #expect(link.accepter.received(LinkMessage.element("ask"), now: first) == .answer(answer))
        #expect(link.opener.received(answer, now: first) == .nothing)
        let second = first + silence
        #expect(link.opener.tick(now: second) == ask)
        #expect(link.opener.tick(now: second) == .nothing)
        let end = link.opener.tick(now: second + LinkStream.Heartbeat().answer)
        #expect(end.error == .connectionTimeout)
        #expect(end.failure == .timedOut)
        #expect(link.opener.deadline == nil)
    }

    @Test func isNotSilentInTheMiddleOfALongStanza() {
        let link = session()
        let silence = LinkStream.Heartbeat().silence
        link.opener.heard(now: now + silence)
        #expect(link.opener.tick(now: now + silence) == .nothing)
    }

    @Test func endsInPeace() {
        let link = session()
        #expect(link.opener.close() == .close(StreamEnding(awaitsPeer: true), nil))
        #expect(link.opener.close() == .nothing)
        #expect(
            link.accepter.peerClosed()
                == .close(StreamEnding(awaitsPeer: false), .closedByPeer)
        )
        #expect(link.opener.peerClosed() == .disconnect(nil))
        #expect(link.opener.disconnected() == .nothing)
        #expect(link.opener.timedOut() == .nothing)
    }

    @Test func tellsWhyItEnded() {
        let lost = session()
        #expect(lost.opener.disconnected() == .disconnect(.disconnected))
        let failed = session()
        let error = StreamError(.systemShutdown)
        #expect(
            failed.opener.received(error.element, now: now).failure == .streamFailed(error)
        )
        let broken = session()
        #expect(broken.accepter.inputFailed(StreamError(.notWellFormed)).error == .notWellFormed)
        var late = LinkStream.accepting()
        _ = late.connected()
        #expect(late.timedOut().error == .connectionTimeout)
    }

    /// An error that the accepter has before it knows whom it talks to.
    @Test func hearsAnErrorBehindAHeaderToNobody() {
        var stream = LinkStream.opening()
        _ = stream.connected()
        let header = StreamHeader.link(from: "router", to: nil, id: "nonce-of-the-accepter")
        #expect(stream.opened(header) == .nothing)
        let error = StreamError(.unsupportedVersion)
        #expect(stream.received(error.element, now: now).failure == .streamFailed(error))
    }
}

extension StreamHeader {
    fileprivate static func link(
        from: String? = "s2s",
        to: String? = "router",
        id: String? = "nonce-of-the-opener",
        namespace: String = Namespace.server,
        version: String? = "1.0"
    ) -> StreamHeader {
        StreamHeader(namespace: namespace, to: to, from: from, id: id, version: version)
    }
}

extension Element {
    fileprivate static func hello(_ instance: String?) -> Element {
        var element = LinkMessage.element("hello")
        element["instance"] = instance
        return element
    }
}
