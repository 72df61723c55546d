import NIOCore
import NIOEmbedded
import Testing

@testable import Transport
@testable import XMPP

/// Clients that guess passwords, in virtual time.
@Suite struct ClientAttemptTests {
    private static let header =
        "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'"
        + " to='example.org' version='1.0'>"
    private static let paused = "<temporary-auth-failure"
    private let loop = EmbeddedEventLoop()
    private let owner: TestOwner
    private let loops: Loops
    private let limits = AttemptLimits.clients(sessions: 2)
    private let attempts: AttemptGuard

    init() throws {
        owner = try TestOwner()
        loops = Loops(loop)
        attempts = AttemptGuard(limits)
    }

    /// A client's connection from there, with its features; the test is the client.
    private func connection(from address: String = "192.0.2.1") throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(loop: loop)
        channel.remoteAddress = try SocketAddress(ipAddress: address, port: 1)
        var configuration = ListenerConfiguration(host: "", port: 0, stream: .test(.plain))
        configuration.attempts = attempts
        let listener = ListenerContext(configuration, owner: owner, tls: nil, admission: nil)
        try Listener.prepare(channel, listener, loops)
        channel.connect(to: try SocketAddress(ipAddress: address, port: 1), promise: nil)
        #expect(try say(Self.header, to: channel).contains("SCRAM-SHA-1"))
        return channel
    }

    /// What the server says to that.
    private func say(_ text: String, to channel: EmbeddedChannel) throws -> String {
        try channel.writeInbound(ByteBuffer(string: text))
        loop.run()
        var answer = ""
        while let bytes = try channel.readOutbound(as: ByteBuffer.self) {
            answer += String(buffer: bytes)
        }
        return answer
    }

    /// What comes of a log-in: the last that the server says.
    @discardableResult
    private func logIn(
        _ channel: EmbeddedChannel,
        as user: String = "juliet",
        password: String = TestOwner.password
    ) throws -> String {
        var client = ScramClient(
            .sha1,
            username: user,
            password: try Password(password),
            binding: .unsupported,
            nonce: "nonce"
        )
        let first = Element(
            "auth",
            Namespace.sasl,
            attributes: [.init("mechanism", "SCRAM-SHA-1")],
            children: [.text(Base64.encode(client.initialResponse))]
        )
        let answer = try say(String(decoding: first.serialized(), as: UTF8.self), to: channel)
        guard answer.hasPrefix("<challenge") else { return answer }
        let challenge = answer.drop { $0 != ">" }.dropFirst().prefix { $0 != "<" }
        let data = try #require(Base64.decode(String(challenge)))
        let response = Element(
            "response",
            Namespace.sasl,
            text: Base64.encode(try client.received(data))
        )
        return try say(String(decoding: response.serialized(), as: UTF8.self), to: channel)
    }

    /// Uses up what is let pass of that address for that name.
    private func guess(_ count: Int, as user: String = "juliet") throws {
        for _ in 0..<count {
            let answer = try logIn(connection(), as: user, password: "wrong")
            #expect(answer.contains("<not-authorized"))
        }
    }

    /// Whether there is such an account does not show, and nothing is looked up meanwhile.
    @Test(arguments: ["juliet", "nobody"])
    func pausesWhoGuesses(user: String) throws {
        try guess(limits.free, as: user)
        let lookedUp = owner.lookedUpCount
        for password in ["wrong", TestOwner.password] {
            let answer = try logIn(connection(), as: user, password: password)
            #expect(answer.contains(Self.paused) && !answer.contains("</stream"))
        }
        #expect(owner.lookedUpCount == lookedUp)
        #expect(owner.pauses == ["\(user)@example.org"])
        loop.advanceTime(by: limits.firstPause)
        let answer = try logIn(connection(), as: user)
        #expect(answer.contains(user == "juliet" ? "<success" : "<not-authorized"))
    }

    /// Neither the owner elsewhere nor another account here is held up.
    @Test func letsOthersIn() throws {
        try guess(limits.free, as: "nobody")
        #expect(try logIn(connection(), as: "nobody").contains(Self.paused))
        #expect(try logIn(connection()).contains("<success"))
        try guess(limits.free)
        #expect(try logIn(connection()).contains(Self.paused))
        #expect(try logIn(connection(from: "192.0.2.2")).contains("<success"))
    }

    /// A stream that stays, and is let in as soon as the pause has ended.
    @Test func letsAStreamTryAgain() throws {
        try guess(limits.free)
        let channel = try connection()
        #expect(try logIn(channel).contains(Self.paused))
        loop.advanceTime(by: limits.firstPause)
        #expect(try logIn(channel).contains("<success"))
    }

    /// Each refusal counts as one of the stream's failures.
    @Test func endsAStreamThatDoesNotWait() throws {
        try guess(limits.free)
        let channel = try connection()
        let answers = try (1...3).map { _ in try logIn(channel) }
        let areLast = answers.map { $0.contains("<policy-violation") }
        #expect(areLast == [false, false, true])
        #expect(answers.allSatisfy { $0.contains(Self.paused) })
    }

    /// The sessions of an account come back at once: none has been right when the last one asks.
    @Test func letsAllSessionsComeBackAtOnce() throws {
        let channels = try (0..<limits.free).map { _ in try connection() }
        for channel in channels {
            let first =
                "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'>"
                + Base64.encode(Array("n,,n=juliet,r=nonce".utf8)) + "</auth>"
            #expect(try say(first, to: channel).contains("<challenge"))
        }
        #expect(try logIn(connection()).contains(Self.paused))
        #expect(limits.free > 2)
    }

    /// One password for many accounts; streams that are cut before the verdict count too.
    @Test func pausesWhoTriesManyAccounts() throws {
        #expect(try logIn(connection()).contains("<success"))
        let most = try #require(limits.wrongOfAddress)
        for number in 0..<most {
            let channel = try connection()
            #expect(try logIn(channel, as: "user\(number)").contains("<not-authorized"))
            channel.close(promise: nil)
            loop.run()
        }
        #expect(try logIn(connection(), as: "nobody").contains(Self.paused))
        #expect(owner.pauses == ["192.0.2.1"])
        // Who has been here before, and who is elsewhere.
        #expect(try logIn(connection()).contains("<success"))
        let elsewhere = try logIn(connection(from: "192.0.2.2"), as: "nobody")
        #expect(elsewhere.contains("<not-authorized"))
        loop.advanceTime(by: limits.pace)
        #expect(try logIn(connection(), as: "nobody").contains("<not-authorized"))
    }
}
