import NIOCore
import Testing
import XMPP

@testable import Transport

/// A client that is given no host finds its server by records.
@Suite(.timeLimit(.minutes(10))) struct ClientLookUpTests {
    private let target = "xmpp.example.org. 60 IN A 127.0.0.1"

    /// Settings without a host; records answer, and no name server.
    private func configuration(
        _ server: TestServer,
        _ security: ClientConfiguration.Security = .automatic,
        _ records: String...
    ) -> ClientConfiguration {
        var configuration = server.configuration(security)
        configuration.host = nil
        configuration.port = nil
        configuration.resolver = ResolverSettings(servers: .none, records: records + [target])
        return configuration
    }

    private func record(_ kind: String, _ priority: Int, _ port: Int) -> String {
        "_\(kind)-client._tcp.example.org. 60 IN SRV \(priority) 0 \(port) xmpp.example.org."
    }

    @Test(arguments: [ClientConfiguration.Security.automatic, .direct])
    func findsItByTheRecordOfDirectTLS(security: ClientConfiguration.Security) async throws {
        let server = try await TestServer(.direct)
        let port = server.listener.port
        let configuration = configuration(server, security, record("xmpps", 0, port))
        try await withClient(configuration) { client, events in
            _ = try await events.online()
            let summary = await client.tlsSummary()
            #expect(summary?.applicationProtocol == "xmpp-client")
        }
        try await server.stop()
    }

    @Test(arguments: [ClientConfiguration.Security.automatic, .startTLS])
    func findsItByTheRecordOfSTARTTLS(security: ClientConfiguration.Security) async throws {
        let server = try await TestServer(.startTLS(isRequired: true))
        let port = server.listener.port
        let configuration = configuration(server, security, record("xmpp", 0, port))
        try await withClient(configuration) { client, events in
            _ = try await events.online()
        }
        try await server.stop()
    }

    @Test func takesNoRecordOfTheOtherKindThanWanted() async throws {
        let server = try await TestServer(.startTLS(isRequired: true))
        let port = server.listener.port
        let other = "_xmpps-client._tcp.example.org. 60 IN SRV 0 0 0 ."
        let configuration = configuration(server, .direct, record("xmpp", 0, port), other)
        try await withClient(configuration) { client, events in
            let (reason, retries) = try await events.offline()
            guard case .unreachable(let text) = reason else {
                Issue.record("\(reason)")
                return
            }
            #expect(text.contains("does not offer"))
            #expect(retries)
        }
        try await server.stop()
    }

    @Test func putsATargetThatFailedBehindTheOthers() async throws {
        let server = try await TestServer(.startTLS(isRequired: true))
        let port = server.listener.port
        // There is no TLS from the first byte behind the record that comes first.
        let configuration = configuration(
            server,
            .automatic,
            record("xmpps", 0, port),
            record("xmpp", 1, port)
        )
        try await withClient(configuration) { client, events in
            let (_, retries) = try await events.offline()
            #expect(retries)
            _ = try await events.online()
        }
        try await server.stop()
    }

    @Test func saysWhatWasTried() async throws {
        let server = try await TestServer(.startTLS(isRequired: true))
        let configuration = configuration(server, .automatic, record("xmpp", 0, 1))
        try await withClient(configuration) { client, events in
            let (reason, _) = try await events.offline()
            guard case .unreachable(let text) = reason else {
                Issue.record("\(reason)")
                return
            }
            #expect(text.contains("xmpp.example.org:1 at 127.0.0.1: "))
        }
        try await server.stop()
    }

    @Test func endsWhileItLooksForItsServer() async throws {
        let names = try await TestNameServer.start { _, _ in .silence }
        let server = try await TestServer(.startTLS(isRequired: true))
        var configuration = configuration(server)
        configuration.resolver = .client
        configuration.resolver.servers = .these([names.address])
        // Longer than the test may take.
        configuration.resolver.limits.time = .seconds(3600)
        let client = Client(configuration)
        let running = Task { await client.run() }
        while names.asked.all.isEmpty { await Task.yield() }
        await client.close()
        await running.value
        try await names.stop()
        try await server.stop()
    }

    @Test func asksForNoRecordsWhereAPortIsGiven() async throws {
        let names = try await TestNameServer.start { _, _ in .silence }
        let server = try await TestServer(.startTLS(isRequired: true))
        var configuration = configuration(server)
        configuration.jid = JID(normalizedLocal: "juliet", domain: "localhost")
        configuration.resolver.servers = .these([names.address])
        for (host, port) in [("127.0.0.1", server.listener.port), ("127.0.0.1", nil), (nil, 1)] {
            configuration.host = host
            configuration.port = port
            try await withClient(configuration) { client, events in _ = await events.next() }
        }
        #expect(names.asked.all.isEmpty)
        try await names.stop()
        try await server.stop()
    }
}
