import Configuration
import Modules
import Storage
import Telemetry
import Testing
import XMPP

@testable import Server

/// What the table `[history]` of the configuration makes of a host's nodes.
@Suite struct RetentionTests {
    private static let owner = JID(normalizedLocal: "web1", domain: "example.org")
    private static let node = "urn:lapwing:1#cpu"
    /// The beginning of an hour.
    private static let start = Instant(milliseconds: 1_700_002_800_000)

    private let store = MemoryStore()

    private func service(_ history: String) throws -> PubSubService {
        let text =
            "domain = \"example.org\"\ndata = \"d\"\n[[listeners]]\nsecurity = \"plain\"\n"
            + "address = \"127.0.0.1\"\n[history]\n" + history
        let configuration = try ServerConfiguration(ConfigurationFile.parse(text, name: "test"))
        return PubSubService(owner: Self.owner, profile: Server.profile(configuration))
    }

    /// Publishes a sample twice a minute, of so many numbers, and stores what follows.
    private func publish(
        for hours: Int,
        numbers: Int = 2,
        to service: inout PubSubService
    ) throws {
        let values = (0..<numbers).map { SampleValue("number\($0)", Double($0)) }
        for half in 0..<(hours * 120) {
            let now = Self.start + .seconds(Int64(half) * 30)
            let item = Element(
                "item",
                Namespace.pubsub,
                attributes: [.init("id", "current")],
                children: [.raw(Sample(at: now, values: values).raw)]
            )
            let publish = Element(
                "publish",
                Namespace.pubsub,
                attributes: [.init("node", Self.node)],
                [item]
            )
            let pubsub = Element("pubsub", Namespace.pubsub, [publish])
            try carryOut(
                try service.receive(
                    Stanza(.iq, type: "set", id: "p", from: Self.owner, [pubsub]),
                    from: Self.owner,
                    relation: { _ in Relation(isOwner: true) },
                    at: now
                ),
                of: &service,
                at: now
            )
        }
    }

    private func carryOut(
        _ effects: [PubSubEffect],
        of service: inout PubSubService,
        at now: Instant
    ) throws {
        for effect in effects {
            switch effect {
            case .store(let change, _): try store.apply([.pubsub(change)])
            case .load(let request):
                let loaded = try request.answered(by: store, owner: Self.owner, node: Self.node)
                try carryOut(service.loaded(loaded, at: now), of: &service, at: now)
            default: break
            }
        }
    }

    private func usage(_ resolution: HistoryResolution) throws -> HistoryUsage {
        try store.historyUsage(owner: Self.owner, node: Self.node, HistoryQuery(resolution))
    }

    // An hour and an eighth of minutes at most, and never less than an hour.
    @Test func keepsMinutesAndHoursForAsLongAsItIsTold() throws {
        var service = try service("minutes = \"1h\"\nhours = \"5h\"\n")
        try publish(for: 12, to: &service)
        #expect(60...68 ~= (try usage(.minute).records))
        #expect(5...6 ~= (try usage(.hour).records))
        let oldest = try store.history(
            owner: Self.owner,
            node: Self.node,
            HistoryQuery(.minute, limit: 1)
        )
        let end = Self.start + .seconds(12 * 3_600)
        let age = try end - #require(oldest.first).start
        #expect(age <= .seconds(3_600 + 450 + 120))
    }

    // Half of the bytes for minutes, half for hours; past them an eighth and one record.
    @Test func keepsNoMoreBytesThanItIsTold() throws {
        var service = try service("minutes = \"32d\"\nsize_per_node = \"64KiB\"\n")
        try publish(for: 4, numbers: 100, to: &service)
        let usage = try usage(.minute)
        let record = usage.bytes / max(usage.records, 1)
        #expect(record > 1_000)
        #expect(usage.records > 1)
        #expect(usage.bytes <= (32 << 10) * 9 / 8 + record)
    }

    @Test func keepsADayUnlessItIsTold() throws {
        var service = try service("")
        try publish(for: 6, to: &service)
        #expect(try usage(.minute).records == 6 * 60 - 1)
        #expect(try usage(.hour).records == 5)
    }

    @Test func keepsNothingWhereItIsTold() throws {
        var service = try service("enabled = false\n")
        try publish(for: 2, to: &service)
        #expect(try usage(.minute) == HistoryUsage())
        #expect(try usage(.hour) == HistoryUsage())
    }
}
