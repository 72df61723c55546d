import NIOCore
import NIOEmbedded
import Testing
import XMPP

@testable import Transport

/// What silence and slowness lead to, in virtual time.
@Suite struct DeadlineTests {
    let certificates = try? TestCertificates()

    private func setting(
        _ security: StreamPair.Security = .plain,
        _ change: (inout ConnectionLimits) -> Void = { _ in }
    ) throws -> StreamPair.Setting {
        let made = try #require(certificates).make()
        var setting = StreamPair.Setting(
            security: security,
            owner: try TestOwner(),
            serverTLS: try .server([made.files]),
            clientTLS: try .client(.fingerprint(made.fingerprint.description))
        )
        change(&setting.limits)
        return setting
    }

    /// A server's connection whose client is the test.
    private func server(_ setting: StreamPair.Setting) throws -> EmbeddedChannel {
        let channel = EmbeddedChannel()
        let listener = ListenerContext(
            ListenerConfiguration(
                host: "",
                port: 0,
                stream: .test(setting.security.server),
                limits: setting.limits
            ),
            owner: setting.owner,
            tls: TLSContextBox(setting.serverTLS),
            admission: nil
        )
        try Listener.prepare(channel, listener, Loops(channel.embeddedEventLoop))
        channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
        return channel
    }

    /// What the server has sent since the last time.
    private func output(_ channel: EmbeddedChannel) throws -> String {
        channel.embeddedEventLoop.run()
        var text = ""
        while let bytes = try channel.readOutbound(as: ByteBuffer.self) {
            text += String(buffer: bytes)
        }
        return text
    }

    private static let header =
        "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'"
        + " to='example.org' version='1.0'>"

    @Test(arguments: StreamPair.Security.allCases)
    func givesAMinuteToLogIn(security: StreamPair.Security) throws {
        let channel = try server(setting(security))
        // Traffic does not help.
        for _ in 0..<59 {
            channel.embeddedEventLoop.advanceTime(by: .seconds(1))
            if security != .direct { try channel.writeInbound(ByteBuffer(string: " ")) }
        }
        #expect(channel.isActive)
        _ = try output(channel)
        channel.embeddedEventLoop.advanceTime(by: .seconds(2))
        let text = try output(channel)
        #expect((security == .direct) == !text.contains("connection-timeout"))
        channel.embeddedEventLoop.advanceTime(by: .seconds(10))
        #expect(!channel.isActive)
    }

    @Test func pingsASilentClientAndLetsItGo() throws {
        let setting = try setting()
        let pair = try StreamPair(setting)
        try pair.exchange()
        #expect(pair.recorder.seen.online.count == 1)
        let before = pair.bytesToClient
        // The client answers, and the owner sees nothing of it.
        try pair.advance(by: .seconds(14))
        #expect(pair.bytesToClient == before)
        for _ in 0..<100 { try pair.advance(by: .seconds(1)) }
        #expect(pair.bytesToClient > before)
        #expect(pair.server.isActive && pair.client.isActive)
        #expect(setting.owner.received.allSatisfy { $0.payload("ping", Namespace.ping) != nil })
        // Then nothing comes through any more.
        pair.toServer = .pieces(ofBytes: 1)
        pair.isMute = true
        for _ in 0..<32 { try pair.advance(by: .seconds(1)) }
        #expect(setting.owner.closedCount == 1)
    }

    @Test func dropsAServerThatDoesNotAnswer() throws {
        let setting = try setting { $0.pingAfter = nil }
        let pair = try StreamPair(setting)
        try pair.exchange()
        pair.isMute = true
        for _ in 0..<29 { try pair.advance(by: .seconds(1)) }
        #expect(pair.recorder.seen.ends.isEmpty)
        for _ in 0..<3 { try pair.advance(by: .seconds(1)) }
        #expect(pair.recorder.seen.ends == [.timeout("the server does not answer a ping")])
    }

    @Test func givesUpAServerThatIsSilentFromTheStart() throws {
        let pair = try StreamPair(setting())
        pair.isMute = true
        for _ in 0..<32 { try pair.advance(by: .seconds(1)) }
        #expect(pair.recorder.seen.ends == [.timeout("the log-in took too long")])
    }

    @Test func dropsWhatCameInTheClearBehindStartTLS() throws {
        let setting = try setting(.startTLS)
        let channel = try server(setting)
        let injected =
            "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
            + "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGEAYg==</auth><"
        try channel.writeInbound(ByteBuffer(string: Self.header + injected))
        let text = try output(channel)
        #expect(text.hasSuffix("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"))
        #expect(channel.isActive)
        // What follows has to be TLS.
        try channel.writeInbound(ByteBuffer(string: Self.header))
        channel.embeddedEventLoop.run()
        #expect(!channel.isActive)
    }

    @Test(arguments: [
        ("<!-- a -->", "restricted-xml"), ("<a></b>", "not-well-formed"),
        ("\u{1}", "not-well-formed"), (String(repeating: "<a>", count: 20_000), "policy-violation"),
    ])
    func endsTheStreamOnWhatIsNoXMPP(input: String, condition: String) throws {
        let channel = try server(setting())
        try channel.writeInbound(ByteBuffer(string: Self.header + input))
        let text = try output(channel)
        #expect(text.contains("<\(condition) "))
        #expect(text.hasSuffix("</stream:stream>"))
        channel.embeddedEventLoop.advanceTime(by: .seconds(7))
        #expect(!channel.isActive)
    }

    /// What came before the end is answered, whether the stream ends or the connection's half.
    @Test(arguments: [true, false])
    func answersWhatCameBeforeTheEnd(endsStream: Bool) throws {
        let setting = try setting()
        let pair = try StreamPair(setting)
        try pair.exchange()
        setting.owner.owe(Stanza(.message, id: "owed"))
        if endsStream {
            pair.server.pipeline.fireChannelRead(ByteBuffer(string: "</stream:stream>"))
        }
        pair.server.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(try sent(by: pair).hasSuffix("<message id='owed'/></stream:stream>"))
        #expect(setting.owner.closedCount == 1)
        #expect(!pair.server.isActive)
    }

    /// An owner that never says so holds no connection for ever.
    @Test func waitsForAnswersNoLongerThanForAnEndTag() throws {
        let setting = try setting()
        let pair = try StreamPair(setting)
        try pair.exchange()
        setting.owner.owe(nil)
        pair.server.pipeline.fireChannelRead(ByteBuffer(string: "</stream:stream>"))
        #expect(try sent(by: pair).isEmpty)
        pair.loop.advanceTime(by: .seconds(7))
        #expect(try sent(by: pair) == "</stream:stream>")
        #expect(!pair.server.isActive)
    }

    private func sent(by pair: StreamPair) throws -> String {
        pair.loop.run()
        var text = ""
        while let bytes = try pair.server.readOutbound(as: ByteBuffer.self) {
            text += String(buffer: bytes)
        }
        return text
    }

    @Test func answersWhoClosesOnlyHalf() throws {
        let channel = try server(setting())
        try channel.writeInbound(ByteBuffer(string: Self.header + "</stream:stream>"))
        channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(try output(channel).hasSuffix("</stream:stream>"))
        #expect(!channel.isActive)
    }
}

@Suite struct ReadingBudgetTests {
    private static let second: Int64 = 1_000_000_000

    @Test func allowsTheBurstAndThenTheRate() {
        var budget = ReadingBudget(ByteRate(bytesPerSecond: 1000, burst: 5000), atNanoseconds: 0)
        #expect(budget.take(4999, atNanoseconds: 0) == true)
        #expect(budget.take(1001, atNanoseconds: 0) == false)
        // A thousand below nothing, and a tenth of a second's worth above it.
        #expect(budget.nanosecondsToWait(atNanoseconds: 0) == 1_100_000_000)
        #expect(budget.nanosecondsToWait(atNanoseconds: 2 * Self.second) == 0)
        #expect(budget.take(900, atNanoseconds: 2 * Self.second) == true)
    }

    @Test func savesNoMoreThanTheBurst() {
        var budget = ReadingBudget(ByteRate(bytesPerSecond: 1000, burst: 5000), atNanoseconds: 0)
        #expect(budget.take(5000, atNanoseconds: 1000 * Self.second) == false)
    }

    @Test func losesNothingToRounding() {
        var budget = ReadingBudget(ByteRate(bytesPerSecond: 1000, burst: 1000), atNanoseconds: 0)
        #expect(budget.take(1000, atNanoseconds: 0) == false)
        // Half a byte's time, many times over.
        for step in 1...4000 { _ = budget.take(0, atNanoseconds: Int64(step) * 500_000) }
        #expect(budget.take(999, atNanoseconds: 2 * Self.second) == true)
    }

    /// Nor to reads that each come in the middle of one.
    @Test func countsWhatIsLeftOfEach() {
        var budget = ReadingBudget(StanzaRate(stanzasPerSecond: 100), atNanoseconds: 0)
        #expect(budget.take(100, atNanoseconds: 0) == false)
        for step in 1...100 { _ = budget.take(0, atNanoseconds: Int64(step) * 19_900_000) }
        #expect(budget.take(99, atNanoseconds: 2 * Self.second) == true)
        #expect(budget.take(1, atNanoseconds: 2 * Self.second) == false)
    }

    @Test func standsAClockThatGoesBack() {
        var budget = ReadingBudget(ByteRate(), atNanoseconds: 10 * Self.second)
        #expect(budget.take(1000, atNanoseconds: 0) == true)
        #expect(budget.take(Int.max, atNanoseconds: 20 * Self.second) == false)
        #expect(budget.nanosecondsToWait(atNanoseconds: 20 * Self.second) > 0)
    }
}

@Suite struct AdmissionTests {
    @Test func countsByAddressAndOverall() {
        let admission = Admission(total: 3, perAddress: 2)
        #expect(admission.enter("a") && admission.enter("a"))
        #expect(!admission.enter("a"))
        #expect(admission.enter("b"))
        #expect(!admission.enter("c"))
        admission.leave("a")
        #expect(admission.enter("c"))
        #expect(admission.count == 3)
    }
}
