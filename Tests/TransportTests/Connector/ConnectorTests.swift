import NIOCore
import NIOPosix
import Testing
import XMPP

@testable import Transport

/// From a domain to a connection, over loopback sockets.
@Suite(.timeLimit(.minutes(10))) struct ConnectorTests {
    private static let loop = MultiThreadedEventLoopGroup.singleton.next()
    /// A port on which nobody listens.
    private static let deadPort = 1

    private func listen() async throws -> any Channel {
        try await ServerBootstrap(group: Self.loop).bind(host: "127.0.0.1", port: 0).get()
    }

    private func connect(
        _ domain: String,
        _ records: [String],
        by protections: Set<Target.Protection> = [.startTLS, .direct],
        fallsBack: Bool = true
    ) async throws -> Connected {
        let settings = ResolverSettings(servers: .none, records: records)
        return try await Connector(NameResolver(settings))
            .connect(
                to: domain,
                for: .server,
                by: protections,
                fallsBack: fallsBack,
                on: Self.loop
            )
            .result.get()
    }

    private func error(_ body: () async throws -> Connected) async -> ConnectError? {
        do {
            try await body().channel.close()
            return nil
        } catch {
            return error as? ConnectError
        }
    }

    @Test func connectsWhereTheRecordsSay() async throws {
        let listener = try await listen()
        let port = try #require(listener.localAddress?.port)
        let connected = try await connect(
            "b.test",
            [
                "_xmpp-server._tcp.b.test. 60 IN SRV 2 0 \(Self.deadPort) xmpp.b.test.",
                "_xmpps-server._tcp.b.test. 60 IN SRV 1 0 \(port) xmpp.b.test.",
                "xmpp.b.test. 60 IN A 127.0.0.1",
            ]
        )
        #expect(connected.target.description == "xmpp.b.test:\(port) (direct TLS)")
        #expect(connected.address.description == "127.0.0.1")
        #expect(connected.channel.remoteAddress?.port == port)
        #expect(!connected.isSecure)
        try await connected.channel.close()
        try await listener.close()
    }

    @Test func goesOnToTheNextTargetAndAddress() async throws {
        let listener = try await listen()
        let port = try #require(listener.localAddress?.port)
        let connected = try await connect(
            "b.test",
            [
                "_xmpps-server._tcp.b.test. 60 IN SRV 1 0 \(Self.deadPort) dead.b.test.",
                "_xmpp-server._tcp.b.test. 60 IN SRV 2 0 \(port) nothing.b.test.",
                "_xmpp-server._tcp.b.test. 60 IN SRV 3 0 \(port) live.b.test.",
                "dead.b.test. 60 IN A 127.0.0.1", "live.b.test. 60 IN A 127.77.0.1",
                "live.b.test. 60 IN A 127.0.0.1",
            ]
        )
        #expect(connected.target.description == "live.b.test:\(port)")
        try await connected.channel.close()
        try await listener.close()
    }

    @Test func saysWhatCameOfEachAttempt() async throws {
        let error = await error {
            try await connect(
                "b.test",
                [
                    "_xmpp-server._tcp.b.test. 60 IN SRV 1 0 \(Self.deadPort) dead.b.test.",
                    "_xmpp-server._tcp.b.test. 60 IN SRV 2 0 5269 nothing.b.test.",
                    "dead.b.test. 60 IN A 127.77.0.1",
                ]
            )
        }
        let text = try #require(error?.description)
        #expect(text.contains("dead.b.test:1 at 127.77.0.1: "))
        #expect(text.contains("refused"))
        #expect(text.contains("nothing.b.test:5269: there is no address"))
    }

    @Test(
        arguments: [
            ([.startTLS, .direct], "b.test:5269 at 127.77.0.2"),
            ([.direct], "b.test:5270 (direct TLS) at 127.77.0.2"),
        ] as [(Set<Target.Protection>, String)]
    )
    func triesTheDomainsOwnHostWithoutRecords(
        protections: Set<Target.Protection>,
        tried: String
    ) async throws {
        let records = ["b.test. 60 IN A 127.77.0.2"]
        let own = await error { try await connect("b.test", records, by: protections) }
        #expect(try #require(own?.description).hasPrefix(tried))
        let none = await error { try await connect("b.test", records, fallsBack: false) }
        #expect(none?.reason == .noRecords(nil))
    }

    @Test func believesADomainThatHasNoSuchService() async throws {
        let error = await error {
            try await connect(
                "b.test",
                ["_xmpp-server._tcp.b.test. 60 IN SRV 0 0 0 .", "b.test. 60 IN A 127.0.0.1"]
            )
        }
        #expect(error?.reason == .unavailable)
    }

    @Test(arguments: ["", "a b", "a_b.test", "a\n.test", "[::2", "..", "[192.0.2.1]"])
    func looksUpNothingThatIsNoName(domain: String) async throws {
        let error = await error { try await connect(domain, []) }
        #expect(error?.reason == .noName)
    }

    @Test(arguments: [
        ("127.77.0.3", "127.77.0.3:5269: "), ("[::1]", "[::1]:5269: "),
        ("localhost", "localhost:5269: "), ("b.LOCALHOST", "localhost:5269: "),
    ])
    func asksNobodyForAddressesAndThisMachine(domain: String, tried: String) async throws {
        let server = try await TestNameServer.start { _, _ in .code(3) }
        let settings = ResolverSettings(servers: .these([server.address]), trustAnchor: .none)
        let connector = Connector(NameResolver(settings))
        let result = connector.connect(to: domain, for: .server, on: Self.loop).result
        let error = await error { try await result.get() }
        let text = try #require(error?.description)
        #expect(text.contains(tried))
        #expect(server.asked.all.isEmpty)
        try await server.stop()
    }

    @Test func canBeGivenUp() async throws {
        let server = try await TestNameServer.start { _, _ in .silence }
        let settings = ResolverSettings(servers: .these([server.address]), trustAnchor: .none)
        let connector = Connector(NameResolver(settings))
        let connecting = connector.connect(to: "example.org", for: .client, on: Self.loop)
        connecting.cancel()
        let error = await error { try await connecting.result.get() }
        #expect(error?.reason == .cancelled)
        connecting.cancel()
        try await server.stop()
    }

    @Test(arguments: [true, false])
    func knowsWhetherDNSSECVouchesForTheWholeWay(signsAddresses: Bool) async throws {
        let signer = try #require(TestSigner(zone: "signed.example"))
        defer { signer.free() }
        let listener = try await listen()
        let port = UInt16(clamping: listener.localAddress?.port ?? 0)
        let host = signsAddresses ? "xmpp.signed.example" : "xmpp.plain.example"
        let service = "_xmpp-server._tcp.signed.example"
        let key = signer.signed(signer.dnskey)
        let record = signer.signed(.srv(service, 0, 0, port, Wire.name(host)))
        let plain = WireRecord.a(host, 127, 0, 0, 1)
        let address = signsAddresses ? signer.signed(plain) : [plain]
        let server = try await TestNameServer.start { name, type in
            switch (name, type) {
            case ("signed.example", 48): .records(key)
            case (service, 33): .records(record)
            case (host, 1): .records(address)
            default: .records([])
            }
        }
        let settings = ResolverSettings(
            servers: .these([server.address]),
            trustAnchor: .keys([signer.anchor])
        )
        let connected = try await Connector(NameResolver(settings))
            .connect(to: "signed.example", for: .server, by: [.startTLS], on: Self.loop)
            .result.get()
        #expect(connected.target.isSecure)
        #expect(connected.isSecure == signsAddresses)
        try await connected.channel.close()
        try await listener.close()
        try await server.stop()
    }

    /// RFC 7673 §3.1: who can keep the records of a signed domain back must not gain by it; of
    /// others RFC 6120 §3.2.1 holds.
    @Test(arguments: [true, false])
    func guessesNothingWhereASignedDomainsRecordsAreKeptBack(isSigned: Bool) async throws {
        let signer = try #require(TestSigner(zone: "signed.example"))
        defer { signer.free() }
        let key = signer.signed(signer.dnskey)
        let domain = isSigned ? "signed.example" : "plain.example"
        let plain = WireRecord.a(domain, 127, 77, 0, 4)
        let address = isSigned ? signer.signed(plain) : [plain]
        let server = try await TestNameServer.start { name, type in
            switch (name, type) {
            case ("signed.example", 48): .records(key)
            case (domain, 1): .records(address)
            case (domain, 28): isSigned ? .code(2) : .records([])
            case (_, 33): .code(2)
            default: .records([])
            }
        }
        let settings = ResolverSettings(
            servers: .these([server.address]),
            trustAnchor: .keys([signer.anchor])
        )
        let connector = Connector(NameResolver(settings))
        let result = connector.connect(to: domain, for: .server, on: Self.loop).result
        let error = await error { try await result.get() }
        if isSigned {
            #expect(error?.reason == .lookUp(.failed("server failure")))
        } else {
            #expect(try #require(error?.description).hasPrefix("plain.example:5269 at 127.77.0.4"))
        }
        try await server.stop()
    }

    @Test func saysWhyThereAreNoRecordsWhereThereIsNoAddressEither() async throws {
        let server = try await TestNameServer.start { _, type in
            type == 33 ? .code(2) : .records([])
        }
        let settings = ResolverSettings(servers: .these([server.address]), trustAnchor: .none)
        let connector = Connector(NameResolver(settings))
        let result = connector.connect(to: "b.example", for: .server, on: Self.loop).result
        let error = await error { try await result.get() }
        #expect(error?.reason == .lookUp(.failed("server failure")))
        #expect(error?.isPermanent == false)
        try await server.stop()
    }
}
