import NIOCore
import NIOPosix
import Synchronization
import Testing
import XMPP

@testable import Transport

/// Questions to the library: over records given, and over a wire.
@Suite(.timeLimit(.minutes(10))) struct NameResolverTests {
    static let loop = MultiThreadedEventLoopGroup.singleton.next()

    private func ask<Record>(
        _ resolver: NameResolver,
        _ question: (DNSName) -> DNSQuestion<Record>,
        _ domain: String
    ) async throws -> DNSAnswer<Record> {
        let service: (StaticString, String)? =
            domain.hasPrefix("_xmpp-server._tcp.")
            ? ("_xmpp-server._tcp", String(domain.dropFirst(18))) : nil
        let name = try #require(DNSName(domain: service?.1 ?? domain))
        let full = try service.map { try #require(DNSName($0.0, of: name)) } ?? name
        return try await resolver.ask(question(full), on: Self.loop).get()
    }

    private func fixed(_ records: [String]) -> NameResolver {
        NameResolver(ResolverSettings(servers: .none, records: records))
    }

    @Test func answersFromTheRecordsGiven() async throws {
        let resolver = fixed([
            "_xmpp-server._tcp.b.test. 60 IN SRV 0 5 5269 xmpp.b.test.",
            "_xmpp-server._tcp.none.test. 60 IN SRV 0 0 0 .",
            "xmpp.b.test. 60 IN A 127.0.0.3", "xmpp.b.test. 60 IN AAAA ::1",
            "tlsa.b.test. 60 IN TLSA 3 1 1 \(String(repeating: "ab", count: 32))",
        ])
        let services = try await ask(resolver, { .services(at: $0) }, "_xmpp-server._tcp.b.test")
        let target = DNSName(domain: "xmpp.b.test")
        let record = ServiceRecord(priority: 0, weight: 5, port: 5269, target: target)
        #expect(services == DNSAnswer([record], isSecure: false))
        let none = try await ask(resolver, { .services(at: $0) }, "_xmpp-server._tcp.none.test")
        #expect(none.records.map(\.target) == [nil])
        let v4 = try await ask(resolver, { .v4(of: $0) }, "xmpp.b.test")
        #expect(v4.records.map(\.description) == ["127.0.0.3"])
        let v6 = try await ask(resolver, { .v6(of: $0) }, "XMPP.b.test")
        #expect(v6.records.map(\.description) == ["::1"])
        let associations = try await ask(resolver, { .associations(at: $0) }, "tlsa.b.test")
        #expect(associations.records.first?.data == Array(repeating: 0xAB, count: 32))
    }

    @Test func asksNobodyForWhatIsNotInTheRecords() async throws {
        let resolver = fixed(["a.test. 60 IN A 127.0.0.1"])
        for domain in ["b.test", "example.org", "a.test.example"] {
            let answer = try await ask(resolver, { .v4(of: $0) }, domain)
            #expect(answer == DNSAnswer([], isSecure: false))
        }
    }

    @Test func readsTheFileOfHosts() async throws {
        var settings = ResolverSettings(servers: .none)
        let resolver = NameResolver(settings)
        let answer = try await ask(resolver, { .v4(of: $0) }, "localhost")
        #expect(answer.records.map(\.description) == ["127.0.0.1"])
        settings.hostsFile = "/nonexistent"
        _ = try await ask(NameResolver(settings), { .v4(of: $0) }, "localhost")
    }

    @Test(arguments: [
        ResolverSettings(servers: .none, records: ["no record"]),
        ResolverSettings(servers: .these(["no address"])),
        ResolverSettings(servers: .these([])),
        ResolverSettings(servers: .none, trustAnchor: .keys(["no key"])),
        ResolverSettings(servers: .none, trustAnchor: .file("/nonexistent")),
    ])
    func saysWhatIsWrongWithSettings(settings: ResolverSettings) async throws {
        let error = #expect(throws: ResolverError.self) { try NameResolver.check(settings) }
        guard let error, case .settings = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        let resolver = NameResolver(settings)
        for _ in 0..<2 {
            await #expect(throws: error) { try await ask(resolver, { .v4(of: $0) }, "a.test") }
        }
    }

    @Test(
        arguments: [
            ("example. IN DS 1 13 2 \(String(repeating: "ab", count: 32))", nil),
            ("; of two zones\na.example. IN DS 1 13 2 ab\nb.example. 60 IN DS 1 13 2 cd", nil),
            ("", "holds no DS or DNSKEY record"),
            ("; example. IN DS 1 13 2 ab", "holds no DS or DNSKEY record"),
            ("example. IN A 192.0.2.1", "holds no DS or DNSKEY record"),
            ("example. IN DS 1 13 2 ab\nwhat is this", "something that is no DS or DNSKEY record"),
            ("example. IN DS none", "something that is no DS or DNSKEY record"),
        ] as [(String, String?)]
    )
    func readsTheFileOfKeysWhenItIsChecked(text: String, wrong: String?) throws {
        let files = try TestCertificates()
        let file = try files.write(text, "anchors")
        let settings = ResolverSettings(servers: .none, trustAnchor: .file(file))
        guard let wrong else { return try NameResolver.check(settings) }
        let error = #expect(throws: ResolverError.self) { try NameResolver.check(settings) }
        let said = try #require(error?.description)
        #expect(said.contains(file))
        #expect(said.contains(wrong))
    }

    @Test func asksTheNameServersGiven() async throws {
        let server = try await TestNameServer.start { name, type in
            switch (name, type) {
            case ("example.org", 1): .records([.a(name, 192, 0, 2, 1), .a(name, 192, 0, 2, 2)])
            case ("example.test", 1): .records([.a(name, 192, 0, 2, 3)])
            case ("refused.org", _): .code(5)
            case ("none.org", _): .code(3)
            default: .records([])
            }
        }
        let resolver = NameResolver(
            ResolverSettings(servers: .these([server.address]), trustAnchor: .none)
        )
        let v4 = try await ask(resolver, { .v4(of: $0) }, "example.org")
        #expect(Set(v4.records.map(\.description)) == ["192.0.2.1", "192.0.2.2"])
        let test = try await ask(resolver, { .v4(of: $0) }, "example.test")
        #expect(test.records.map(\.description) == ["192.0.2.3"])
        #expect(try await ask(resolver, { .v6(of: $0) }, "example.org").records.isEmpty)
        #expect(try await ask(resolver, { .v4(of: $0) }, "none.org").records.isEmpty)
        let error = await #expect(throws: ResolverError.self) {
            try await ask(resolver, { .v4(of: $0) }, "refused.org")
        }
        #expect(error == .failed("server failure"))
        try await server.stop()
    }

    @Test func dropsRecordsThatNameNoHost() async throws {
        let service = "_xmpp-server._tcp."
        let server = try await TestNameServer.start { name, _ in
            let bad = [
                WireRecord.srv(name, 0, 0, 1, Wire.name("a\u{1B}b.example")),
                .srv(name, 0, 0, 2, Wire.name("a b.example")),
            ]
            let good = WireRecord.srv(name, 0, 0, 3, Wire.name("xmpp.example.org"))
            return .records(name.hasSuffix("bad.org") ? bad : bad + [good])
        }
        let resolver = NameResolver(
            ResolverSettings(servers: .these([server.address]), trustAnchor: .none)
        )
        let answer = try await ask(resolver, { .services(at: $0) }, service + "good.org")
        #expect(answer.records.map(\.port) == [3])
        await #expect(throws: ResolverError.unusable) {
            try await ask(resolver, { .services(at: $0) }, service + "bad.org")
        }
        try await server.stop()
    }

    @Test func takesNoMoreOfAnAnswerThanItMay() async throws {
        let server = try await TestNameServer.start { name, _ in
            .records((0..<40).map { .a(name, 192, 0, 2, $0) })
        }
        var settings = ResolverSettings(servers: .these([server.address]), trustAnchor: .none)
        settings.limits.records = 5
        let answer = try await ask(NameResolver(settings), { .v4(of: $0) }, "example.org")
        #expect(answer.records.count == 5)
        settings.limits.recordBytes = 3
        await #expect(throws: ResolverError.unusable) {
            try await ask(NameResolver(settings), { .v4(of: $0) }, "example.org")
        }
        try await server.stop()
    }

    @Test func givesUpAfterItsTime() async throws {
        let server = try await TestNameServer.start { _, _ in .silence }
        var settings = ResolverSettings(servers: .these([server.address]), trustAnchor: .none)
        settings.limits.time = .zero
        let resolver = NameResolver(settings)
        await #expect(throws: ResolverError.timeout) {
            try await ask(resolver, { .v4(of: $0) }, "example.org")
        }
        try await server.stop()
    }

    @Test func tellsThoseWhoGiveUpOrAreLeftOver() async throws {
        let server = try await TestNameServer.start { _, _ in .silence }
        let settings = ResolverSettings(servers: .these([server.address]), trustAnchor: .none)
        let name = try #require(DNSName(domain: "example.org"))
        let (answers, report) = AsyncStream<ResolverError?>.makeStream()
        var resolver: NameResolver? = NameResolver(settings)
        let ticket = resolver?.ask(.v4(of: name)) { report.yield($0.error) }
        if let ticket { resolver?.cancel(ticket) }
        var incoming = answers.makeAsyncIterator()
        #expect(await incoming.next() == .cancelled)
        resolver?.ask(.v6(of: name)) { report.yield($0.error) }
        resolver = nil
        #expect(await incoming.next() == .cancelled)
        try await server.stop()
    }

    @Test func refusesMoreQuestionsThanMayWait() async throws {
        let server = try await TestNameServer.start { _, _ in .silence }
        var settings = ResolverSettings(servers: .these([server.address]), trustAnchor: .none)
        settings.limits.waiting = 2
        let resolver = NameResolver(settings)
        let (answers, report) = AsyncStream<ResolverError?>.makeStream()
        for number in 0..<3 {
            let name = try #require(DNSName(domain: "\(number).example.org"))
            resolver.ask(.v4(of: name)) { report.yield($0.error) }
        }
        var incoming = answers.makeAsyncIterator()
        #expect(await incoming.next() == .tooManyQuestions)
        try await server.stop()
    }

    @Test func saysWhatDNSSECVouchesForAndWhatItRefuses() async throws {
        let signer = try #require(TestSigner(zone: "signed.example"))
        defer { signer.free() }
        let key = signer.signed(signer.dnskey)
        let good = signer.signed(.a("good.signed.example", 192, 0, 2, 1))
        var bad = signer.signed(.a("bad.signed.example", 192, 0, 2, 1))
        bad[0].data[3] = 2
        let (given, broken) = (good, bad)
        let server = try await TestNameServer.start { name, type in
            switch (name, type) {
            case ("signed.example", 48): .records(key)
            case ("good.signed.example", 1): .records(given)
            case ("bad.signed.example", 1): .records(broken)
            case ("plain.example", 1): .records([.a(name, 192, 0, 2, 3)])
            default: .records([])
            }
        }
        let resolver = NameResolver(
            ResolverSettings(
                servers: .these([server.address]),
                trustAnchor: .keys([signer.anchor])
            )
        )
        let secure = try await ask(resolver, { .v4(of: $0) }, "good.signed.example")
        #expect(secure.isSecure)
        #expect(secure.records.map(\.description) == ["192.0.2.1"])
        #expect(try await !ask(resolver, { .v4(of: $0) }, "plain.example").isSecure)
        let error = await #expect(throws: ResolverError.self) {
            try await ask(resolver, { .v4(of: $0) }, "bad.signed.example")
        }
        guard case .bogus(let why) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(!why.isEmpty)
        try await server.stop()
    }
}

extension Result where Failure == ResolverError {
    fileprivate var error: ResolverError? {
        if case .failure(let error) = self { return error }
        return nil
    }
}
