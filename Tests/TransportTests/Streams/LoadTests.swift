import NIOCore
import NIOPosix
import Testing
import XMPP

@testable import Transport

/// Peers that send too much or read too little, over real sockets.
@Suite(.timeLimit(.minutes(10))) struct LoadTests {
    @Test func endsAStreamWhoseReaderIsTooSlow() async throws {
        var limits = ConnectionLimits()
        limits.outboundBytes = 256 * 1024
        limits.closing = .milliseconds(10)
        let server = try await TestServer(.plain, limits: limits)
        let (ends, report) = AsyncStream<Void>.makeStream()
        server.owner.watchEnds { report.yield() }
        var configuration = server.configuration(.plain)
        configuration.jid = JID(normalizedLocal: "juliet", domain: "example.org", resource: "slow")
        try await withClient(configuration) { client, events in
            _ = try await events.online()
            let owner = server.owner
            // Nobody reads the client's events: it stops reading from the server.
            @Sendable func flood(_ connection: StreamConnection) {
                let stanza = Array("<message><body>x</body></message>".utf8)
                for _ in 0..<10_000 { connection.send(stanza) }
                let queued = connection.queuedBytes
                #expect(queued <= 256 * 1024)
                guard connection.ending == nil else { return }
                connection.eventLoop.execute { flood(connection) }
            }
            owner.onConnection { flood($0) }
            var incoming = ends.makeAsyncIterator()
            await incoming.next()
        }
        try await server.stop()
    }

    @Test func readsOnWhenTheReaderHasCaughtUp() async throws {
        let server = try await TestServer(.plain)
        let total = 50_000
        try await withClient(server.configuration(.plain)) { client, events in
            _ = try await events.online()
            server.owner.onConnection { connection in
                for number in 0..<total where connection.queuedBytes < 900_000 || number < 20_000 {
                    connection.send(Stanza(.message, id: "\(number)"))
                }
                connection.send(Stanza(.message, id: "last"))
            }
            var count = 0
            while try await events.stanza().id != "last" { count += 1 }
            #expect(count >= 20_000)
        }
        try await server.stop()
    }

    @Test func slowsDownWhoSendsTooFast() async throws {
        var limits = ConnectionLimits()
        limits.rate = ByteRate(bytesPerSecond: 2_000_000, burst: 5000)
        let server = try await TestServer(.plain, limits: limits)
        let (seen, report) = AsyncStream<Stanza>.makeStream()
        server.owner.watch { report.yield($0) }
        try await withClient(server.configuration(.plain)) { client, events in
            _ = try await events.online()
            let began = NIODeadline.now()
            // 1 MB at 2 MB a second, of which one turn of the loop may read 256 KiB before it is
            // stopped: nothing is lost, and it cannot be faster.
            let text = Element("body", Namespace.client, text: String(repeating: "x", count: 970))
            for number in 0..<1000 { client.send(Stanza(.message, id: "\(number)", [text])) }
            var incoming = seen.makeAsyncIterator()
            for number in 0..<1000 { #expect(await incoming.next()?.id == "\(number)") }
            #expect(NIODeadline.now() - began >= .milliseconds(200))
        }
        try await server.stop()
    }

    @Test func turnsAwayWhoIsTooMany() async throws {
        let server = try await TestServer(.plain, admission: Admission(total: 1))
        try await withClient(server.configuration(.plain)) { client, events in
            _ = try await events.online()
            try await withClient(server.configuration(.plain)) { _, others in
                let (_, retries) = try await others.offline()
                #expect(retries)
            }
        }
        try await server.stop()
    }

    @Test func tellsThatAPortIsTaken() async throws {
        let server = try await TestServer(.plain)
        await #expect(throws: ListenerError.self) {
            try await Listener.start(
                ListenerConfiguration(
                    host: "127.0.0.1",
                    port: server.listener.port,
                    stream: .test(.plain)
                ),
                on: server.loops,
                owner: server.owner,
                tls: nil
            )
        }
        await #expect(throws: ListenerError.noCertificate(port: 0)) {
            try await Listener.start(
                ListenerConfiguration(host: "127.0.0.1", port: 0, stream: .test(.direct)),
                on: server.loops,
                owner: server.owner,
                tls: nil
            )
        }
        try await server.stop()
    }

    @Test func endsAllStreamsAtShutdown() async throws {
        let server = try await TestServer(.startTLS(isRequired: true))
        try await withClient(server.configuration(.startTLS)) { client, events in
            _ = try await events.online()
            #expect(await server.loops.connectionCount() == 1)
            await server.listener.close()
            await server.loops.endStreams(with: StreamError(.systemShutdown))
            #expect(await server.loops.connectionCount() == 0)
            let (reason, retries) = try await events.offline()
            #expect(reason == .stream(StreamError(.systemShutdown)))
            #expect(retries)
        }
        try await server.stop()
    }
}
