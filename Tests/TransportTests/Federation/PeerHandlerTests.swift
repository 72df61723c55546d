import Federation
import NIOCore
import NIOEmbedded
import Testing
import XMPP

@testable import Transport

/// An owner that only remembers how streams ended.
private final class Witness: PeerOwner {
    nonisolated(unsafe) var hasEnded = false
    nonisolated(unsafe) var isClosing = false
    nonisolated(unsafe) var failure: FederationFailure?

    func accepted(_ connection: PeerConnection) -> PeerID { PeerID(1) }
    func opened(_ connection: PeerConnection) {}
    func received(_ stanzas: [Arrival], on connection: PeerConnection) {}
    func answered(_ stanza: Stanza, on connection: PeerConnection) {}
    func asked(_ question: DialbackQuestion, on connection: PeerConnection) {}
    func happened(_ event: FederationEvent, on connection: PeerConnection) {}
    func acknowledging(_ connection: PeerConnection) {}
    func drained(_ connection: PeerConnection) {}

    func closing(_ connection: PeerConnection, _ failure: FederationFailure?) {
        // Nothing of it may be over before.
        isClosing = !hasEnded
        self.failure = failure
    }

    func ended(
        _ connection: PeerConnection,
        _ failure: FederationFailure?,
        _ remainder: LinkRemainder
    ) {
        hasEnded = true
    }
}

@Suite("A peer's stream on its channel")
struct PeerHandlerTests {
    private let loop = EmbeddedEventLoop()
    private let witness = Witness()
    private let channel: EmbeddedChannel
    private let handler: PeerHandler

    init() throws {
        let keys = try #require(DialbackKeys(secret: [UInt8](repeating: 1, count: 16)))
        let configuration = PeerConfiguration(
            domain: "one.test",
            serves: { $0 == "one.test" },
            policy: FederationPolicy(),
            keys: keys
        )
        let context = PeerContext(configuration, owner: witness, credentials: { nil })
        channel = EmbeddedChannel(loop: loop)
        handler = PeerHandler(context, accepting: .startTLS, on: LoopState(loop))
        try channel.pipeline.syncOperations.addHandler(handler)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
    }

    private func feed(_ text: String) {
        channel.pipeline.fireChannelRead(ByteBuffer(string: text))
    }

    private func open() {
        feed(
            "<stream:stream xmlns='jabber:server' xmlns:db='jabber:server:dialback' "
                + "xmlns:stream='http://etherx.jabber.org/streams' version='1.0' "
                + "from='two.test' to='one.test'>"
        )
    }

    // Each question has an answer, whoever asks and whatever of it is read.
    @Test func strangerThatAsksAndNeverReadsIsEnded() throws {
        open()
        loop.run()
        channel.isWritable = false
        let question = "<db:verify from='two.test' to='one.test' id='x'>key</db:verify>"
        let most = handler.limits.outboundBytesBeforeProof
        var asked = 0
        while !witness.isClosing, asked < 10_000 {
            feed(question)
            asked += 1
            #expect(handler.outlet.byteCount <= most + 1_024)
        }
        #expect(witness.isClosing)
        #expect(asked > 100)
        // What is left is the end of the stream alone.
        #expect(handler.outlet.byteCount < 1_024)
    }

    @Test func strangerThatReadsIsAnswered() throws {
        open()
        loop.run()
        for _ in 0..<1_000 {
            feed("<db:verify from='two.test' to='one.test' id='x'>key</db:verify>")
            loop.run()
        }
        #expect(!witness.isClosing)
    }

    @Test func closingIsToldBeforeTheEnd() throws {
        open()
        loop.run()
        feed("</stream:stream>")
        loop.run()
        #expect(witness.isClosing)
        #expect(witness.hasEnded)
    }
}

@Suite("A stream of ours on its channel")
struct OutboundPeerHandlerTests {
    private let loop = EmbeddedEventLoop()
    private let witness = Witness()

    /// RFC 7673 §3.4: whether something may go in the clear is not known before the records are.
    @Test(arguments: [true, false])
    func saysNothingInTheClearBeforeItKnowsTheSignedRecords(arePromising: Bool) throws {
        let keys = try #require(DialbackKeys(secret: [UInt8](repeating: 1, count: 16)))
        var rule = FederationPolicy.Rule()
        rule.requiresEncryption = false
        let configuration = PeerConfiguration(
            domain: "one.test",
            serves: { $0 == "one.test" },
            policy: FederationPolicy(usual: rule),
            keys: keys
        )
        let associations = loop.makePromise(of: CertificateAssociations?.self)
        let host = try #require(DNSName(domain: "host.test"))
        let way = PeerHandler.OutboundWay(
            pair: DomainPair(local: "one.test", remote: "two.test"),
            target: Target(host: .name(host), port: 5269, protection: .startTLS, isSecure: true),
            associations: associations.futureResult
        )
        let context = PeerContext(configuration, owner: witness, credentials: { nil })
        let channel = EmbeddedChannel(loop: loop)
        let handler = PeerHandler(
            context,
            opening: PeerID(1),
            for: .stanzas,
            way,
            on: LoopState(loop)
        )
        try channel.pipeline.syncOperations.addHandler(handler)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
        loop.run()
        #expect(try channel.readOutbound(as: ByteBuffer.self) == nil)
        associations.succeed(arePromising ? CertificateAssociations(unknown: "no answer") : nil)
        loop.run()
        #expect(try channel.readOutbound(as: ByteBuffer.self) != nil)
        channel.pipeline.fireChannelRead(
            ByteBuffer(
                string: "<stream:stream xmlns='jabber:server' xmlns:db='jabber:server:dialback' "
                    + "xmlns:stream='http://etherx.jabber.org/streams' version='1.0' id='a' "
                    + "from='two.test' to='one.test'><stream:features/>"
            )
        )
        loop.run()
        #expect(witness.isClosing == arePromising)
        #expect(witness.failure == (arePromising ? .tlsUnavailable : nil))
    }
}
