import Testing
import XMPP

/// Both machines in conversation, by every mechanism and every binding.
@Suite struct StreamPairTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var mechanism: SASLMechanism
        var binding: ChannelBindingType?
        var testDescription: String {
            mechanism.rawValue + (binding.map { " by " + $0.rawValue } ?? "")
        }

        static let all: [Case] = SASLMechanism.allCases.flatMap { mechanism in
            mechanism.bindsChannel
                ? ChannelBindingType.allCases.map { Case(mechanism: mechanism, binding: $0) }
                : [Case(mechanism: mechanism, binding: nil)]
        }
    }

    private static func bindings(_ type: ChannelBindingType?) -> ChannelBindings {
        switch type {
        case .tlsExporter: ChannelBindings(exporter: Fixture.bindings.exporter)
        case .tlsServerEndPoint:
            ChannelBindings(serverEndPoint: Fixture.bindings.serverEndPoint)
        case .tlsUnique: ChannelBindings(unique: Fixture.bindings.unique)
        case nil: .none
        }
    }

    @Test(arguments: Case.all, [ServerStream.Security.direct, .startTLS(isRequired: true)])
    func logsInByEveryMechanism(_ way: Case, _ security: ServerStream.Security) throws {
        var configuration = Fixture.clientConfiguration(
            security == .direct ? .direct : .startTLS,
            resource: "desk"
        )
        configuration.mechanisms = [way.mechanism]
        let pair = StreamPair(
            Fixture.serverConfiguration(security),
            configuration,
            bindings: Self.bindings(way.binding)
        )
        pair.run()
        #expect(pair.failure == nil)
        #expect(pair.online?.description == "alice@example.org/desk")
        #expect(pair.mechanism == way.mechanism.rawValue)
        if let binding = way.binding {
            let message = try #require(pair.firstMessage)
            #expect(message.hasPrefix("p=\(binding.rawValue),,"))
        }
    }

    @Test(arguments: Case.all.filter { $0.binding != nil })
    func refusesAManInTheMiddle(_ way: Case) {
        var configuration = Fixture.clientConfiguration(.direct)
        configuration.mechanisms = [way.mechanism]
        let other = ChannelBindings(
            exporter: Array(repeating: 1, count: 32),
            serverEndPoint: Array(repeating: 2, count: 32),
            unique: Array(repeating: 3, count: 12)
        )
        let pair = StreamPair(
            Fixture.serverConfiguration(.direct),
            configuration,
            clientBindings: other
        )
        pair.run()
        #expect(pair.failure == .authenticationFailed(SASLFailure(.notAuthorized)))
        #expect(pair.online == nil)
    }

    @Test(arguments: Case.all)
    func refusesAWrongPassword(_ way: Case) {
        var configuration = Fixture.clientConfiguration(.direct)
        configuration.mechanisms = [way.mechanism]
        configuration.password = "crayon"
        let pair = StreamPair(Fixture.serverConfiguration(.direct), configuration)
        pair.run()
        #expect(pair.failure == .authenticationFailed(SASLFailure(.notAuthorized)))
        #expect(pair.failure?.isFinal == true)
        #expect(pair.serverIsDone)
    }

    @Test(arguments: Case.all)
    func refusesAnUnknownAccountInTheSameWords(_ way: Case) {
        var configuration = Fixture.clientConfiguration(.direct)
        configuration.mechanisms = [way.mechanism]
        configuration.jid = JID(normalizedLocal: "nobody", domain: Fixture.domain)
        let pair = StreamPair(Fixture.serverConfiguration(.direct), configuration)
        pair.run()
        #expect(pair.failure == .authenticationFailed(SASLFailure(.notAuthorized)))
    }

    @Test func bindsByExporterWhereAllIsOffered() {
        let pair = StreamPair(
            Fixture.serverConfiguration(.startTLS(isRequired: true)),
            Fixture.clientConfiguration(.startTLS)
        )
        pair.run()
        #expect(pair.mechanism == "SCRAM-SHA-256-PLUS")
        #expect(pair.firstMessage?.hasPrefix("p=tls-exporter,,n=alice,") == true)
        #expect(pair.online?.resource == "made-up")
    }

    @Test func saysThatItWouldBindWhereNothingIsOffered() {
        var server = Fixture.serverConfiguration(.direct)
        server.offersChannelBinding = false
        let pair = StreamPair(server, Fixture.clientConfiguration(.direct))
        pair.run()
        #expect(pair.mechanism == "SCRAM-SHA-256")
        #expect(pair.firstMessage?.hasPrefix("y,,") == true)
        #expect(pair.online != nil)
    }

    @Test func neverSendsThePasswordWithoutTLS() {
        var server = Fixture.serverConfiguration()
        var client = Fixture.clientConfiguration()
        server.mechanisms = [.plain]
        client.mechanisms = [.plain]
        let pair = StreamPair(server, client)
        pair.run()
        #expect(pair.failure == .noMechanism(offered: []))
        #expect(pair.mechanism == nil)
    }

    @Test(arguments: [1, 2, 3, 7, 64])
    func talksInPiecesOfAnySize(_ size: Int) {
        let pair = StreamPair(
            Fixture.serverConfiguration(.startTLS(isRequired: true)),
            Fixture.clientConfiguration(.startTLS),
            bytesAtOnce: size
        )
        pair.run()
        #expect(pair.online != nil)
    }

    @Test func deliversStanzasBothWays() throws {
        let pair = StreamPair(
            Fixture.serverConfiguration(),
            Fixture.clientConfiguration(resource: "desk")
        )
        pair.run()
        let jid = try #require(pair.online)
        let request = Stanza(.iq, type: "get", id: "1", [Element("ping", Namespace.ping)])
        pair.send(fromClient: request)
        #expect(pair.serverStanzas.map(\.from) == [jid])
        pair.send(fromServer: Stanza(.iq, type: "result", id: "1", to: jid))
        #expect(pair.clientStanzas == [Stanza(.iq, type: "result", id: "1", to: jid)])
    }

    @Test func closesFromTheClient() {
        let pair = StreamPair(Fixture.serverConfiguration(), Fixture.clientConfiguration())
        pair.run()
        pair.closeClient()
        #expect(pair.serverIsDone && pair.clientIsDone)
        #expect(pair.failure == nil)
        #expect(String(decoding: pair.serverSaid, as: UTF8.self).hasSuffix("</stream:stream>"))
    }

    @Test(arguments: StreamError.Condition.allCases)
    func tellsTheClientWhyItCloses(_ condition: StreamError.Condition) {
        let pair = StreamPair(Fixture.serverConfiguration(), Fixture.clientConfiguration())
        pair.run()
        pair.closeServer(StreamError(condition, text: "because"))
        #expect(pair.failure == .streamFailed(StreamError(condition, text: "because")))
        #expect(pair.failure?.isFinal == (condition == .conflict))
        #expect(pair.serverIsDone && pair.clientIsDone)
    }

    @Test func closesFromTheServer() {
        let pair = StreamPair(Fixture.serverConfiguration(), Fixture.clientConfiguration())
        pair.run()
        pair.closeServer(nil)
        #expect(pair.failure == .closedByServer)
        #expect(pair.serverIsDone && pair.clientIsDone)
    }
}
