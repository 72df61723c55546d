import Configuration
import Modules
import Platform
import Telemetry
import Testing
import Transport
import XMPP

@testable import Server

/// Minutes and hours of a running server, whatever minute it is.
@Suite struct HistoryTests {
    private let node = "urn:lapwing:1#cpu"

    private func publish(_ number: Double, by visitor: Visitor) async throws {
        let sample = Sample(at: .now, values: [SampleValue("used", number)])
        try await visitor.publish(sample.raw.parsed(), on: node)
    }

    /// All entries of a resolution, of the visitor's own node or of a host's mirror; none where the
    /// question is refused.
    private func entries(
        _ resolution: ArchiveQuery.Resolution,
        of host: String? = nil,
        for visitor: Visitor
    ) async throws -> [(id: String, aggregate: Aggregate)] {
        var query = ArchiveQuery(node: host.map { "host/\($0)/cpu" } ?? node, queryID: "q")
        query.resolution = resolution
        let to = try host.map { _ in try JID("monitor.example.org") }
        let question = Stanza(.iq, type: "set", id: "history", to: to, [query.element])
        #expect(visitor.client.send(question))
        var entries: [(id: String, aggregate: Aggregate)] = []
        while true {
            let stanza = try await visitor.stanza { $0.kind == .message || $0.id == "history" }
            guard stanza.kind == .message else {
                guard !stanza.isError else { return [] }
                #expect(stanza.payload.flatMap(ArchiveEnd.init)?.page.count == entries.count)
                return entries
            }
            let markup = stanza.payload("result", ArchiveQuery.namespace)
            let result = try #require(markup.flatMap(ArchiveResult.init))
            let item = try #require(result.event.child("items")?.child("item"))
            guard case .raw(let raw)? = item.children.first else { continue }
            entries.append((result.id, try Aggregate(raw.parsed())))
        }
    }

    /// How many samples all entries are made of; asked for again while there are fewer, as the
    /// first of a node waits until the store was read.
    private func samples(
        in resolution: ArchiveQuery.Resolution,
        of host: String? = nil,
        for visitor: Visitor,
        until wanted: Int
    ) async throws -> Int {
        var count = 0
        for _ in 0..<200 where count < wanted {
            count = try await entries(resolution, of: host, for: visitor)
                .map(\.aggregate.count).reduce(0, +)
        }
        return count
    }

    // The fleet service is on one loop, the hosts on all.
    @Test func tellsWhatIsUnderWayOfMirrors() async throws {
        let running = try await RunningServer.start()
        let hosts = (0..<4).map { "web\($0)" }
        try await running.register("boss")
        for host in hosts { try await running.register(host) }
        for (account, group) in hosts.map({ ($0, "hosts") }) + [("boss", "viewers")] {
            let membership = GroupMembership(
                group: group,
                member: try JID(account + "@example.org")
            )
            #expect(await running.server.perform(.join(membership)) == .done)
        }
        let boss = try await Visitor(running.configuration(of: "boss"))
        for (number, host) in hosts.enumerated() {
            let agent = try await Visitor(running.configuration(of: host))
            try await publish(Double(number), by: agent)
            #expect(try await samples(in: .minute, of: host, for: boss, until: 1) == 1)
            let hour = try #require(try await entries(.hour, of: host, for: boss).first)
            #expect(hour.aggregate["used"]?.max == Double(number))
            await agent.leave()
        }
        await boss.leave()
        await running.end()
    }

    @Test func keepsNothingWhereTheOperatorSaysSo() async throws {
        var history = ServerConfiguration.History()
        history.isEnabled = false
        let running = try await RunningServer.start(history: history)
        try await running.register("web1")
        let visitor = try await Visitor(running.configuration(of: "web1"))
        try await publish(10, by: visitor)
        let account = try JID("web1@example.org")
        let info = try await visitor.client.request(
            Stanza(.iq, type: "get", to: account, [Element("query", Namespace.discoInfo)])
        )
        let features = try #require(info.payload.flatMap(DiscoInfo.init)).features
        #expect(!features.contains(Namespace.lapwing + "#history"))
        let error = await #expect(throws: StanzaError.self) {
            var query = ArchiveQuery(node: node)
            query.resolution = .minute
            _ = try await visitor.client.request(Stanza(.iq, type: "set", [query.element]))
        }
        #expect(error?.condition == .featureNotImplemented)
        await visitor.leave()
        await running.end()
    }

    @Test func keepsWhatIsUnderWayThroughAStopAndAStart() async throws {
        let running = try await RunningServer.start()
        try await running.register("web1")
        let before = try await Visitor(running.configuration(of: "web1"))
        try await publish(10, by: before)
        #expect(try await samples(in: .minute, for: before, until: 1) == 1)
        #expect(try await entries(.hour, for: before).last?.id.contains("/") == true)
        await before.leave()
        await running.server.stop()

        let again = try await RunningServer.start(in: running.directory)
        let after = try await Visitor(again.configuration(of: "web1"))
        for resolution in [ArchiveQuery.Resolution.minute, .hour] {
            let kept = try await entries(resolution, for: after)
            #expect(kept.map(\.aggregate.count).reduce(0, +) == 1)
            #expect(kept.first?.aggregate["used"]?.max == 10)
        }
        try await publish(30, by: after)
        #expect(try await samples(in: .hour, for: after, until: 2) == 2)
        #expect(try await samples(in: .minute, for: after, until: 2) == 2)
        let minutes = try await entries(.minute, for: after)
        #expect(minutes.compactMap { $0.aggregate["used"]?.min }.min() == 10)
        #expect(minutes.compactMap { $0.aggregate["used"]?.max }.max() == 30)
        await after.leave()
        await again.end()
    }
}
