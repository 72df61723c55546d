import Federation
import Glibc
import NIOCore
import NIOPosix
import Synchronization
import Testing
import XMPP

@testable import Transport

/// What an end of links has heard.
private final class Ear: LinkOwner {
    enum Event: Sendable {
        case began(LinkConnection, LinkPeer)
        case received([LinkInput])
        case ended(LinkPeer?, LinkFailure?)
    }

    let events: AsyncStream<Event>
    private let heard: AsyncStream<Event>.Continuation

    init() {
        (events, heard) = AsyncStream.makeStream()
    }

    func began(_ connection: LinkConnection, with peer: LinkPeer) {
        heard.yield(.began(connection, peer))
    }

    func received(_ inputs: [LinkInput], on connection: LinkConnection, from peer: LinkPeer) {
        heard.yield(.received(inputs))
    }

    func ended(_ connection: LinkConnection, with peer: LinkPeer?, _ failure: LinkFailure?) {
        heard.yield(.ended(peer, failure))
    }
}

/// One end: who it is, and what it hears.
private struct End {
    let ear = Ear()
    let port: LinkPort
    let isEdge: Bool

    init(
        _ name: String,
        to peer: String,
        secret: String,
        unwrittenBytes: Int = LinkLimits.unwrittenBytes,
        on loop: any EventLoop
    ) throws {
        isEdge = name == "s2s"
        let shared = try #require(LinkSecret(Array(secret.utf8)))
        var configuration = LinkConfiguration(
            name: name,
            instance: Random.token(),
            isEdge: isEdge,
            secrets: [peer: shared]
        )
        configuration.unwrittenBytes = unwrittenBytes
        port = LinkPort(configuration, owner: ear, on: loop)
    }

    /// What comes next of that kind.
    func next<Found>(_ wanted: (Ear.Event) -> Found?) async throws -> Found {
        for await event in ear.events {
            if let found = wanted(event) { return found }
        }
        throw CancellationError()
    }

    func connection() async throws -> (LinkConnection, LinkPeer) {
        try await next { event in
            if case .began(let connection, let peer) = event { (connection, peer) } else { nil }
        }
    }

    func failure() async throws -> LinkFailure? {
        try await next { event -> LinkFailure?? in
            if case .ended(_, let failure) = event { .some(failure) } else { nil }
        }
    }
}

@Suite("A link's connections", .timeLimit(.minutes(2)))
struct LinkPortTests {
    private static let secret = "a secret of the tests"
    private let loop = MultiThreadedEventLoopGroup.singleton.next()
    private let path = "/tmp/lapwing-link-\(Random.token()).sock"

    private func pair(
        at address: LinkAddress,
        secret: String = secret,
        name: String = "s2s",
        unwrittenBytes: Int = LinkLimits.unwrittenBytes,
        credentials: @escaping @Sendable () -> PeerCredentials? = { nil }
    ) async throws -> (router: End, edge: End, listener: Listener, dialer: LinkDialer) {
        let router = try End(
            "router",
            to: "s2s",
            secret: Self.secret,
            unwrittenBytes: unwrittenBytes,
            on: loop
        )
        let edge = try End(name, to: "router", secret: secret, on: loop)
        let listener = try await router.port.listen(at: address, credentials: credentials)
        var place = address
        if case .port(let host, _) = address { place = .port(host: host, listener.port) }
        let dialer = try edge.port.connect(
            to: "router",
            at: place,
            backOff: .init(first: .milliseconds(60), longest: .milliseconds(60))
        ) { _ in }
        return (router, edge, listener, dialer)
    }

    private func converse(_ router: End, _ edge: End) async throws {
        let (ours, peer) = try await router.connection()
        #expect(peer.name == "s2s")
        let (theirs, other) = try await edge.connection()
        #expect(other.name == "router")
        let element = Element("message", Namespace.client)
        let loop = loop
        for (connection, end) in [(ours, edge), (theirs, router)] {
            loop.execute { connection.write(element.serialized(in: Namespace.server)) }
            let got = try await end.next { if case .received(let all) = $0 { all } else { nil } }
            let written = WrittenStanza(element.serialized(in: Namespace.server))
            // The edge takes the stanza as it is.
            let expected = end.isEdge ? written.map(LinkInput.stanza) : .element(element)
            #expect(got == [try #require(expected)])
        }
    }

    @Test func twoProcessesMeetOnAUnixSocket() async throws {
        let (router, edge, listener, dialer) = try await pair(at: .socket(path))
        try await converse(router, edge)
        dialer.close()
        await listener.close()
        await edge.port.endAll()
    }

    @Test func twoProcessesMeetOnAPort() async throws {
        // Of any name: it is the secret that proves.
        let certificates = try TestCertificates()
        let credentials = try PeerCredentials([certificates.make(["else.example"]).files])
        let (router, edge, listener, dialer) = try await pair(
            at: .port(host: "127.0.0.1", 0),
            credentials: { credentials }
        )
        try await converse(router, edge)
        dialer.close()
        await listener.close()
        await edge.port.endAll()
    }

    @Test func aWrongSecretIsNotTaken() async throws {
        let (router, edge, listener, dialer) = try await pair(
            at: .socket(path),
            secret: "another secret of the tests"
        )
        #expect(try await router.failure() == .notAuthenticated)
        // It comes again, and is told no more.
        guard case .streamFailed(let error)? = try await edge.failure() else {
            Issue.record("it was taken")
            return
        }
        #expect(error.condition == .notAuthorized)
        #expect(try await router.failure() == .notAuthenticated)
        dialer.close()
        await listener.close()
        await edge.port.endAll()
    }

    @Test func anUnknownNameIsNotTaken() async throws {
        let (router, edge, listener, dialer) = try await pair(at: .socket(path), name: "guest")
        #expect(try await router.failure() == .notAuthenticated)
        dialer.close()
        await listener.close()
        await edge.port.endAll()
    }

    @Test func aConnectionThatEndsIsMadeAgain() async throws {
        let (router, edge, listener, dialer) = try await pair(at: .socket(path))
        let (first, _) = try await router.connection()
        let loop = loop
        loop.execute { first.close(nil) }
        _ = try await edge.failure()
        let (second, peer) = try await router.connection()
        #expect(second !== first)
        #expect(peer.name == "s2s")
        dialer.close()
        await listener.close()
        await edge.port.endAll()
    }

    /// Who says nothing keeps nobody out: the one that has waited longest goes.
    @Test func strangersGiveWay() async throws {
        let router = try End("router", to: "s2s", secret: Self.secret, on: loop)
        let listener = try await router.port.listen(at: .socket(path), credentials: { nil })
        let bootstrap = ClientBootstrap(group: loop)
        var strangers: [any Channel] = []
        for _ in 0...LinkPort.applicantsMost {
            strangers.append(try await bootstrap.connect(unixDomainSocketPath: path).get())
        }
        try await strangers.removeFirst().closeFuture.get()
        #expect(!strangers.contains { !$0.isActive })
        let edge = try End("s2s", to: "router", secret: Self.secret, on: loop)
        let dialer = try edge.port.connect(to: "router", at: .socket(path)) { _ in }
        try await strangers.removeFirst().closeFuture.get()
        try await converse(router, edge)
        #expect(!strangers.contains { !$0.isActive })
        // It is none of them any more.
        let another = try await bootstrap.connect(unixDomainSocketPath: path).get()
        #expect(another.isActive)
        for channel in strangers + [another] { try? await channel.close() }
        dialer.close()
        await listener.close()
        await edge.port.endAll()
    }

    /// Whoever is not read by its peer is not waited for without a bound.
    @Test func whatMayWaitForAPeerIsBounded() async throws {
        let most = 10_000
        let (router, edge, listener, dialer) = try await pair(
            at: .socket(path),
            unwrittenBytes: most
        )
        let (ours, _) = try await router.connection()
        let element = Element("message", Namespace.client)
        let bytes = element.serialized(in: Namespace.server)
        let loop = loop
        loop.execute { ours.write(bytes + Array(repeating: 0x20, count: most - bytes.count)) }
        let got = try await edge.next { if case .received(let all) = $0 { all } else { nil } }
        #expect(got == [.stanza(try #require(WrittenStanza(bytes)))])
        loop.execute { ours.write(bytes + Array(repeating: 0x20, count: most - bytes.count + 1)) }
        #expect(try await router.failure() == .timedOut)
        _ = try await edge.failure()
        dialer.close()
        await listener.close()
        await edge.port.endAll()
    }

    @Test func aFileThatIsNoSocketStays() async throws {
        let file = open(path, O_CREAT | O_WRONLY, 0o600)
        close(file)
        defer { unlink(path) }
        let router = try End("router", to: "s2s", secret: Self.secret, on: loop)
        await #expect(throws: ListenerError.self) {
            _ = try await router.port.listen(at: .socket(path), credentials: { nil })
        }
        #expect(access(path, F_OK) == 0)
    }

    @Test func theSocketIsItsUsersAlone() async throws {
        let router = try End("router", to: "s2s", secret: Self.secret, on: loop)
        let listener = try await router.port.listen(at: .socket(path), credentials: { nil })
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        await listener.close()
    }
}
