import NIOCore
import NIOEmbedded
import Testing
import XMPP

@testable import Transport

/// Components' connections, in virtual time.
@Suite struct ComponentHandlerTests {
    private static let domain = "gateway.example.org"
    private static let secret = Array("a long random text".utf8)
    private static let header =
        "<stream:stream xmlns='jabber:component:accept'"
        + " xmlns:stream='http://etherx.jabber.org/streams' to='\(domain)'>"
    private let loop = EmbeddedEventLoop()
    private let owner: TestOwner
    private let loops: Loops
    private let attempts = AttemptGuard()

    init() throws {
        owner = try TestOwner()
        loops = Loops(loop)
    }

    /// A component's connection from there; the test is the component.
    private func connection(
        from address: String = "192.0.2.1",
        _ change: (inout ConnectionLimits) -> Void = { _ in }
    ) throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(loop: loop)
        channel.remoteAddress = try SocketAddress(ipAddress: address, port: 1)
        let stream = ComponentStream.Configuration(security: .plain) {
            $0 == Self.domain ? Self.secret : nil
        }
        var configuration = ListenerConfiguration(host: "", port: 0, stream: .component(stream))
        configuration.attempts = attempts
        change(&configuration.limits)
        let listener = ListenerContext(configuration, owner: owner, tls: nil, admission: nil)
        try Listener.prepare(channel, listener, loops)
        channel.connect(to: try SocketAddress(ipAddress: address, port: 1), promise: nil)
        return channel
    }

    private func send(_ text: String, to channel: EmbeddedChannel) throws {
        try channel.writeInbound(ByteBuffer(string: text))
    }

    /// What the server has sent since the last time.
    private func output(_ channel: EmbeddedChannel) throws -> String {
        loop.run()
        var text = ""
        while let bytes = try channel.readOutbound(as: ByteBuffer.self) {
            text += String(buffer: bytes)
        }
        return text
    }

    /// What comes of a connection with that secret.
    @discardableResult
    private func attach(
        _ channel: EmbeddedChannel,
        secret: [UInt8] = secret
    ) throws -> String {
        try send(Self.header, to: channel)
        let ours = try output(channel)
        let id = ours.components(between: " id='", and: "'")
        let proof = ComponentStream.handshake(id: id, secret: secret)
        try send("<handshake>\(proof)</handshake>", to: channel)
        return try output(channel)
    }

    // MARK: Secrets

    @Test func pausesWhoGuesses() throws {
        let free = AttemptLimits().free
        for _ in 0..<free {
            #expect(try attach(connection(), secret: [1]).contains("<not-authorized"))
        }
        // Not even the right one is looked at, and who guessed it does not learn it.
        #expect(try attach(connection()).contains("<policy-violation"))
        #expect(owner.pauses == [Self.domain])
        #expect(try attach(connection(), secret: [1]).contains("<policy-violation"))
        #expect(owner.pauses == [Self.domain])
        loop.advanceTime(by: AttemptLimits().firstPause)
        #expect(try attach(connection()).contains("<handshake"))
    }

    @Test func letsTheComponentInMeanwhile() throws {
        for _ in 0..<50 { try attach(connection(), secret: [1]) }
        #expect(try attach(connection(from: "192.0.2.2")).contains("<handshake"))
        // Nor does that help who guesses.
        #expect(try attach(connection()).contains("<policy-violation"))
    }

    @Test func forgetsTheMistakesOfWhoWasRight() throws {
        let free = AttemptLimits().free
        for _ in 0..<3 {
            for _ in 0..<free - 1 { try attach(connection(), secret: [1]) }
            #expect(try attach(connection()).contains("<handshake"))
        }
        #expect(owner.pauses.isEmpty)
    }

    /// A stanza may be longer than what a stranger may say.
    @Test func takesLongStanzasOfWhoIsAttached() throws {
        let most = XMLLimits.client.stanzaBytes
        let start = "<message from='\(Self.domain)' to='a@example.org'>"
        func message(_ bytes: Int) -> String {
            let rest = bytes - start.utf8.count - "</message>".utf8.count
            return start + String(repeating: "x", count: rest) + "</message>"
        }
        let channel = try connection { $0.rate = nil }
        try attach(channel)
        try send(message(most), to: channel)
        #expect(owner.received.count == 1)
        try send(message(most + 1), to: channel)
        #expect(try output(channel).contains("<policy-violation"))
        let stranger = try connection()
        try send(Self.header, to: stranger)
        #expect(try output(stranger).contains("<stream:stream"))
        try send(message(XMLLimits.beforeAuthentication.stanzaBytes + 1), to: stranger)
        #expect(try output(stranger).contains("<policy-violation"))
    }

    // MARK: Rates

    /// Whether the connection is read from.
    private func isRead(_ channel: EmbeddedChannel) throws -> Bool {
        try channel.pipeline.syncOperations.handler(type: StreamHandler.self).isReading
    }

    private func stanzas(_ count: Int) -> String {
        let stanza = "<message from='\(Self.domain)' to='a@example.org'/>"
        return String(repeating: stanza, count: count)
    }

    /// However small they are, so many are read in a second; none is lost.
    @Test func readsSoManyStanzas() throws {
        let channel = try connection { $0.stanzaRate = StanzaRate(stanzasPerSecond: 100) }
        try attach(channel)
        // The header and the handshake count.
        try send(stanzas(90), to: channel)
        #expect(try isRead(channel))
        try send(stanzas(58), to: channel)
        #expect(owner.received.count == 148)
        #expect(try !isRead(channel))
        // Fifty too many, and a tenth of a second's worth.
        loop.advanceTime(by: .milliseconds(599))
        #expect(try !isRead(channel))
        loop.advanceTime(by: .milliseconds(1))
        #expect(try isRead(channel))
        loop.advanceTime(by: .seconds(1))
        try send(stanzas(99), to: channel)
        #expect(try isRead(channel))
        #expect(owner.received.count == 247)
    }

    /// The rate that wants the longer pause decides.
    @Test func keepsBothRates() throws {
        let channel = try connection {
            $0.stanzaRate = StanzaRate(stanzasPerSecond: 10)
            $0.rate = ByteRate(bytesPerSecond: 1_000, burst: 1_000)
        }
        try attach(channel)
        loop.advanceTime(by: .seconds(2))
        let text = stanzas(40)
        try send(text, to: channel)
        // Forty of ten are three seconds and a bit; the bytes want less.
        #expect(text.utf8.count < 3_000)
        loop.advanceTime(by: .milliseconds(3_099))
        #expect(try !isRead(channel))
        // One stanza's time more, since it is looked at in the middle of one.
        loop.advanceTime(by: .milliseconds(101))
        #expect(try isRead(channel))
    }
}

extension String {
    /// What stands between the first of these and the next of those.
    fileprivate func components(between start: String, and end: String) -> String {
        guard let from = firstRange(of: start)?.upperBound else { return "" }
        let rest = self[from...]
        return String(rest.prefix { !end.contains($0) })
    }

    private func firstRange(of text: String) -> Range<String.Index>? {
        indices.lazy.filter { self[$0...].hasPrefix(text) }.first.map {
            $0..<self.index($0, offsetBy: text.count)
        }
    }
}
