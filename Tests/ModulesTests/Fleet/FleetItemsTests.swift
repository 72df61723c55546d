import Telemetry
import Testing
import XMPP

@testable import Modules

/// Items of the nodes about all hosts, of which everybody has those of the hosts that it may know
/// of: what is told, and what is looked at for it.
@Suite struct FleetItemsTests {
    private static let hosts = (0..<30).map { "h\($0)" }

    /// `viewers` see all hosts, `dbas` each third, `boss` is listed by the operator.
    private static var groups: SharedGroups {
        let thirds = hosts.enumerated().filter { $0.offset % 3 == 0 }.map(\.element)
        return SharedGroups([
            "viewers": .init(members: [Conversation.jid("viewer")]),
            "dbas": .init(members: [Conversation.jid("dba")]),
            "hosts": .init(members: Set(hosts.map(Conversation.jid)), sees: ["viewers"]),
            "databases": .init(members: Set(thirds.map(Conversation.jid)), sees: ["dbas"]),
        ])
    }

    private func fleet() throws -> FleetConversation {
        var fleet = try FleetConversation(
            hosts: Self.hosts,
            viewers: ["viewer", "dba", "boss"],
            groups: Self.groups,
            allowed: [Conversation.jid("boss")]
        )
        var dice = SeededDice(seed: 7)
        for step in 0..<200 {
            let host = dice.pick(Self.hosts)
            fleet.talk.now = Instant(milliseconds: 1_000_000 + Int64(step))
            switch dice.roll(3) {
            case 0:
                let open = (0..<dice.roll(4)).map { "a\($0)" }
                try fleet.alert(host, .critical, open)
            case 1: fleet.talk.available(host + "/agent")
            default: try fleet.publish(host, .events, id: "e\(step)", "<event xmlns='urn:a'/>")
            }
        }
        return fleet
    }

    private func node(_ fleet: FleetConversation, _ name: String) throws -> Node {
        try #require(try fleetService(fleet).nodes[name])
    }

    private func fleetService(_ fleet: FleetConversation) throws -> PubSubService {
        try #require(fleet.talk.service(Conversation.fleet))
    }

    /// Those of the node's items whose publisher the viewer may know of, one after the other.
    private func admitted(
        _ fleet: FleetConversation,
        _ viewer: String,
        _ name: String
    ) throws -> [ItemLog.Item] {
        let access = try #require(try fleetService(fleet).fleetAccess)
        return try node(fleet, name).items.latest(.max).filter {
            access.admits(Conversation.jid(viewer), to: $0.publisher)
        }
    }

    @Test(arguments: ["viewer", "dba", "boss"], ["fleet", "alerts/critical", "events"])
    func saysTheSameAsAWalkThroughAll(_ viewer: String, _ name: String) throws {
        let fleet = try fleet()
        let expected = try admitted(fleet, viewer, name)
        let view = try fleetService(fleet).items(
            of: node(fleet, name),
            for: Conversation.jid(viewer)
        )
        #expect(!expected.isEmpty)
        #expect(view.count == expected.count)
        #expect(view.latest(.max) == expected)
        #expect(view.latest(3) == expected.suffix(3))
        #expect(view.oldest == expected.first)
        #expect(view.newest == expected.last)
        #expect(view.item(at: expected.count) == nil)
        for (position, item) in expected.enumerated() {
            #expect(view.item(at: position) == item)
            #expect(view.position(of: item.id) == position)
            let before = expected.count { $0.published < item.published }
            if view.isChronological {
                #expect(view.count(publishedBefore: item.published) == before)
            }
        }
        let ids = Set(expected.map(\.id))
        for item in try node(fleet, name).items.latest(.max) where !ids.contains(item.id) {
            #expect(view.position(of: item.id) == nil)
        }
        let created = view.positionsByCreation().compactMap { view.item(at: $0) }
        #expect(created.map(\.id).sorted() == expected.map(\.id).sorted())
        #expect(zip(created, created.dropFirst()).allSatisfy { $0.created <= $1.created })
    }

    // Who may know of all hosts is looked up once, and no item is looked at.
    @Test(arguments: ["viewer", "boss"])
    func looksAtNoItemForWhoMayKnowOfAll(_ viewer: String) throws {
        let fleet = try fleet()
        for name in FleetBook.aggregates {
            let view = try fleetService(fleet).items(
                of: node(fleet, name),
                for: Conversation.jid(viewer)
            )
            #expect(view.isWhole, "\(name)")
        }
    }

    // The names of a viewer's own hosts lead to their items, however many others there are.
    @Test func looksUpTheItemsOfHostsThatAreKnown() throws {
        let fleet = try fleet()
        let service = try fleetService(fleet)
        let access = try #require(service.fleetAccess)
        let known = try #require(access.hosts(knownTo: Conversation.jid("dba")))
        #expect(known.count == 10)
        for name in ["fleet", "alerts/critical"] {
            let ids = known.flatMap { service.fleet.ids(of: $0, on: name) }
            #expect(try Set(ids) == Set(admitted(fleet, "dba", name).map(\.id)))
        }
        #expect(access.hosts(knownTo: Conversation.jid("viewer")) == nil)
        #expect(access.hosts(knownTo: Conversation.jid("nobody")) == [])
    }

    @Test func answersWithPagesOfThem() throws {
        var fleet = try fleet()
        let all = try admitted(fleet, "dba", "fleet").map(\.id)
        var paged: [String] = []
        while true {
            let after = paged.last.map { "<after>\($0)</after>" } ?? ""
            let markup =
                "<pubsub xmlns='\(Namespace.pubsub)'><items node='fleet'/>"
                + "<set xmlns='\(ResultSetRequest.namespace)'><max>3</max>\(after)</set></pubsub>"
            let payload = try Element(parsing: Array(markup.utf8))
            let reply = try fleet.ask("dba/top", "get", payload, to: Conversation.fleet)
            let pubsub = try #require(reply?.payload)
            let set = try #require(pubsub.child("set", ResultSetRequest.namespace))
            let page = pubsub.child("items")?.elements.compactMap { $0["id"] } ?? []
            #expect(set.child("count")?.text == "\(all.count)")
            guard !page.isEmpty else { break }
            #expect(set.child("first")?["index"] == "\(paged.count)")
            paged += page
        }
        #expect(paged == all)
        // An item of a host that is not known is none to go on behind.
        let hidden =
            "<pubsub xmlns='\(Namespace.pubsub)'><items node='fleet'/>"
            + "<set xmlns='\(ResultSetRequest.namespace)'><after>h1</after></set></pubsub>"
        let payload = try Element(parsing: Array(hidden.utf8))
        let reply = try fleet.ask("dba/top", "get", payload, to: Conversation.fleet)
        #expect(reply?.error?.summary == "cancel item-not-found")
    }
}
