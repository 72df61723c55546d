import NIOCore
import Synchronization
import Testing
import XMPP

@testable import Transport

/// A client and a listener over loopback sockets.
@Suite(.timeLimit(.minutes(10))) struct ClientTests {
    struct LogIn: CustomTestStringConvertible, Sendable {
        var mechanism: SASLMechanism
        var binding: ChannelBindingType?
        var version: TLSVersion
        var testDescription: String {
            "\(mechanism.rawValue) \(binding?.rawValue ?? "-") \(version)"
        }
    }

    static let logIns: [LogIn] = TLSVersion.allCases.flatMap { version in
        SASLMechanism.allCases.flatMap { mechanism in
            guard mechanism.bindsChannel else {
                return [LogIn(mechanism: mechanism, binding: nil, version: version)]
            }
            return ChannelBindingType.allCases
                .filter { version == .v12 || $0 != .tlsUnique }
                .map { LogIn(mechanism: mechanism, binding: $0, version: version) }
        }
    }

    @Test(arguments: logIns)
    func logsIn(by logIn: LogIn) async throws {
        let server = try await TestServer(
            .startTLS(isRequired: true),
            versions: logIn.version...logIn.version
        )
        var configuration = server.configuration(.startTLS)
        configuration.mechanisms = [logIn.mechanism.rawValue]
        if let binding = logIn.binding { configuration.channelBindings = [binding] }
        try await withClient(configuration) { client, events in
            let jid = try await events.online()
            #expect(jid.bare == TestOwner.account)
        }
        try await server.stop()
    }

    @Test(arguments: [true, false])
    func logsInByDirectTLSAndWithLateAnswers(isLate: Bool) async throws {
        let server = try await TestServer(.direct, owner: TestOwner(answersLate: isLate))
        for mechanism in ["SCRAM-SHA-256-PLUS", "PLAIN"] {
            var configuration = server.configuration(.direct)
            configuration.mechanisms = [mechanism]
            try await withClient(configuration) { client, events in
                _ = try await events.online()
                let summary = await client.tlsSummary()
                #expect(summary?.applicationProtocol == "xmpp-client")
            }
        }
        try await server.stop()
    }

    @Test func logsInWithoutBindingWhereTheListenerLeavesItOut() async throws {
        let server = try await TestServer(.direct, offersBinding: false)
        try await withClient(server.configuration(.direct)) { client, events in
            _ = try await events.online()
        }
        var binding = server.configuration(.direct)
        binding.mechanisms = ["SCRAM-SHA-256-PLUS"]
        try await withClient(binding) { client, events in
            let (reason, _) = try await events.offline()
            guard case .unsupported = reason else {
                Issue.record("the listener offers a -PLUS mechanism: \(reason)")
                return
            }
        }
        try await server.stop()
    }

    @Test(arguments: [ClientConfiguration.Security.plain, .direct])
    func exchangesStanzasInOrder(security: ClientConfiguration.Security) async throws {
        let server = try await TestServer(security == .plain ? .plain : .direct)
        let (seen, report) = AsyncStream<Stanza>.makeStream()
        server.owner.watch { report.yield($0) }
        try await withClient(server.configuration(security)) { client, events in
            let own = try await events.online()
            for number in 0..<500 {
                #expect(client.send(Stanza(.message, id: "\(number)", to: TestOwner.account)))
            }
            var incoming = seen.makeAsyncIterator()
            for number in 0..<500 {
                let stanza = await incoming.next()
                #expect(stanza?.id == "\(number)")
                #expect(stanza?.from == own)
            }
            server.owner.onConnection { connection in
                for number in 0..<500 {
                    let head = Array("<message id='\(number)' to='".utf8)
                    connection.sendEvent(
                        head: head,
                        body: Array("'><body>x</body>".utf8),
                        own: Array("<a xmlns='urn:a'/>".utf8),
                        end: Array("</message>".utf8)
                    )
                }
            }
            for number in 0..<500 {
                let stanza = try await events.stanza()
                #expect(stanza.id == "\(number)")
                #expect(stanza.to == own)
            }
        }
        // Many stanzas of one read are handed over in one piece.
        #expect(server.owner.batches < 500)
        try await server.stop()
    }

    @Test func matchesAnswersToRequests() async throws {
        let server = try await TestServer(.plain)
        try await withClient(server.configuration(.plain)) { client, events in
            _ = try await events.online()
            let answer = try await client.request(
                Stanza(.iq, type: "get", [Element("version", "test")])
            )
            #expect(answer.payload?.text == "1")
            let error = await #expect(throws: StanzaError.self) {
                try await client.request(Stanza(.iq, type: "get", [Element("refused", "test")]))
            }
            #expect(error?.condition == .forbidden)
        }
        try await server.stop()
    }

    @Test func failsRequestsThatTheConnectionTakesAlong() async throws {
        let server = try await TestServer(.plain)
        let owner = server.owner
        owner.watch { _ in owner.onConnection { $0.close(StreamError(.reset)) } }
        try await withClient(server.configuration(.plain)) { client, events in
            _ = try await events.online()
            let error = await #expect(throws: StanzaError.self) {
                try await client.request(Stanza(.iq, type: "get", [Element("never", "test")]))
            }
            #expect(error?.condition == .remoteServerTimeout)
        }
        try await server.stop()
    }

    @Test func connectsAgain() async throws {
        let server = try await TestServer(.startTLS(isRequired: true))
        try await withClient(server.configuration(.startTLS)) { client, events in
            for turn in 0..<3 {
                _ = try await events.online()
                let summary = await client.tlsSummary()
                #expect(summary?.isResumed == (turn > 0))
                server.owner.onConnection { $0.close(StreamError(.reset)) }
                let (reason, retries) = try await events.offline()
                #expect(reason == .stream(StreamError(.reset)))
                #expect(retries)
                #expect(client.send(Stanza(.message)) == false)
            }
            _ = try await events.online()
        }
        try await server.stop()
        #expect(server.owner.closedCount == server.owner.boundCount)
    }

    @Test func givesUpOnAWrongPassword() async throws {
        let server = try await TestServer(.startTLS(isRequired: true))
        for mechanism in SASLMechanism.allCases {
            var configuration = server.configuration(.startTLS, password: "wrong")
            configuration.mechanisms = [mechanism.rawValue]
            try await withClient(configuration) { client, events in
                let (reason, retries) = try await events.offline()
                #expect(reason == .authentication("not-authorized"))
                #expect(!retries)
                #expect(await events.next() == nil)
            }
        }
        #expect(server.owner.boundCount == 0)
        try await server.stop()
    }

    @Test func givesUpOnAConflict() async throws {
        let server = try await TestServer(.plain)
        try await withClient(server.configuration(.plain)) { client, events in
            _ = try await events.online()
            server.owner.onConnection { $0.close(StreamError(.conflict)) }
            let (reason, retries) = try await events.offline()
            #expect(reason == .stream(StreamError(.conflict)))
            #expect(!retries)
        }
        try await server.stop()
    }

    @Test func triesAgainWhenNoSessionIsToBeHad() async throws {
        let server = try await TestServer(.plain)
        server.owner.refuse(with: StanzaError(.resourceConstraint))
        try await withClient(server.configuration(.plain)) { client, events in
            let (reason, retries) = try await events.offline()
            #expect(reason == .bind(StanzaError(.resourceConstraint)))
            #expect(retries)
            server.owner.refuse(with: nil)
            while let event = await events.next() {
                if case .online = event { break }
            }
        }
        try await server.stop()
    }

    @Test func refusesTheWrongServer() async throws {
        let server = try await TestServer(.startTLS(isRequired: true))
        var configuration = server.configuration(.startTLS)
        configuration.verification = .fingerprint(String(repeating: "ab", count: 32))
        try await withClient(configuration) { client, events in
            let (reason, retries) = try await events.offline()
            guard case .tls(let text) = reason else {
                Issue.record("\(reason)")
                return
            }
            #expect(text.contains(server.certificate.fingerprint.description))
            #expect(retries)
        }
        try await server.stop()
    }

    @Test func refusesAServerWithoutTLS() async throws {
        let server = try await TestServer(.plain)
        try await withClient(server.configuration(.startTLS)) { client, events in
            let (reason, _) = try await events.offline()
            #expect(reason == .unsupported("STARTTLS"))
        }
        try await server.stop()
    }

    @Test func tellsThatNobodyListens() async throws {
        let server = try await TestServer(.plain)
        let configuration = server.configuration(.plain)
        try await server.stop()
        try await withClient(configuration) { client, events in
            let (reason, retries) = try await events.offline()
            guard case .unreachable(let text) = reason else {
                Issue.record("\(reason)")
                return
            }
            #expect(text.contains("refused"))
            #expect(retries)
        }
    }

    @Test func givesUpOnAFingerprintThatIsNone() async throws {
        var configuration = ClientConfiguration(jid: TestOwner.account, password: "x")
        configuration.verification = .fingerprint("abc")
        try await withClient(configuration) { client, events in
            let (_, retries) = try await events.offline()
            #expect(!retries)
        }
    }

    @Test func closesInOrder() async throws {
        let server = try await TestServer(.direct)
        let (ends, report) = AsyncStream<Void>.makeStream()
        server.owner.watchEnds { report.yield() }
        try await withClient(server.configuration(.direct)) { client, events in
            _ = try await events.online()
            #expect(client.send(Stanza(.message, id: "last")))
            await client.close()
            let (reason, retries) = try await events.offline()
            #expect(reason == .closed)
            #expect(!retries)
            #expect(await events.next() == nil)
        }
        var incoming = ends.makeAsyncIterator()
        await incoming.next()
        // What was sent before the end has arrived before it.
        #expect(server.owner.received.map(\.id) == ["last"])
        try await server.stop()
    }

    @Test func endsWithItsTask() async throws {
        let server = try await TestServer(.plain)
        let client = Client(server.configuration(.plain))
        let running = Task { await client.run() }
        for await event in client.events {
            guard case .online = event else { continue }
            break
        }
        running.cancel()
        await running.value
        #expect(client.send(Stanza(.message)) == false)
        try await server.stop()
    }
}
