import NIOCore
import NIOPosix
import Testing
import XMPP

@testable import Transport

/// A listener on a loopback port, its loop, and its owner.
final class TestServer {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let loops: Loops
    let owner: TestOwner
    let listener: Listener
    let certificate: TestCertificates.Made
    private let certificates: TestCertificates

    init(
        _ security: ServerStream.Security,
        owner: TestOwner? = nil,
        versions: ClosedRange<TLSVersion> = .v12 ... .v13,
        admission: Admission? = nil,
        limits: ConnectionLimits = ConnectionLimits(),
        offersBinding: Bool = true
    ) async throws {
        certificates = try TestCertificates()
        certificate = try certificates.make()
        loops = Loops(group)
        self.owner = try owner ?? TestOwner()
        var stream = ServerStream.Configuration.test(security)
        stream.offersChannelBinding = offersBinding
        listener = try await Listener.start(
            ListenerConfiguration(
                host: "127.0.0.1",
                port: 0,
                stream: .client(stream),
                limits: limits
            ),
            on: loops,
            owner: self.owner,
            tls: TLSContextBox(.server([certificate.files], versions: versions)),
            admission: admission
        )
    }

    /// A client's settings for this server.
    func configuration(
        _ security: ClientConfiguration.Security,
        password: String = TestOwner.password
    ) -> ClientConfiguration {
        var configuration = ClientConfiguration(
            jid: TestOwner.account,
            password: password,
            host: "127.0.0.1",
            port: listener.port,
            security: security,
            verification: .fingerprint(certificate.fingerprint.description)
        )
        configuration.timing.backOff.first = .milliseconds(50)
        configuration.timing.backOff.longest = .milliseconds(100)
        return configuration
    }

    func stop() async throws {
        await listener.close()
        await loops.endStreams(with: StreamError(.systemShutdown))
        try await group.shutdownGracefully()
    }
}

/// Runs a client while `body` reads its events, and closes it.
func withClient(
    _ configuration: ClientConfiguration,
    _ body: (Client, Events) async throws -> Void
) async throws {
    let client = Client(configuration)
    async let running: Void = client.run()
    do {
        try await body(client, Events(queue: client.queue))
    } catch {
        await client.close()
        await running
        throw error
    }
    await client.close()
    await running
}

/// A client's events, as its one reader sees them.
struct Events: Sendable {
    let queue: EventQueue

    func next() async -> ClientEvent? { await queue.next() }

    /// The address of the session; an issue if something else comes.
    func online() async throws -> JID {
        let event = await next()
        guard case .online(let jid)? = event else {
            Issue.record("\(String(describing: event)) is not online")
            throw TLSError.library("not online")
        }
        return jid
    }

    /// The next stanza.
    func stanza() async throws -> Stanza {
        let event = await next()
        guard case .stanza(let stanza)? = event else {
            Issue.record("\(String(describing: event)) is no stanza")
            throw TLSError.library("no stanza")
        }
        return stanza
    }

    /// Why the client is offline, and whether it tries again.
    func offline() async throws -> (reason: ClientError, retries: Bool) {
        let event = await next()
        guard case .offline(let reason, let retry)? = event else {
            Issue.record("\(String(describing: event)) is not offline")
            throw TLSError.library("not offline")
        }
        return (reason, retry != nil)
    }
}
