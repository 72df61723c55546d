import Telemetry
import Testing
import XMPP

@testable import Modules

/// Shared groups and hosts where there are two domains.
@Suite struct DomainGroupTests {
    private static let names = ["web", "viewer", "web@example.net", "viewer@example.net", "ops"]
    private static let web = Conversation.jid("web")
    private static let viewer = Conversation.jid("viewer")
    private static let otherWeb = Conversation.jid("web@example.net")
    private static let otherViewer = Conversation.jid("viewer@example.net")
    private static let ops = Conversation.jid("ops")

    /// Hosts and viewers of both domains in the usual groups, and `ops` who sees all hosts.
    private static let groups = SharedGroups([
        "hosts": .init(members: [web, otherWeb], sees: ["viewers"]),
        "viewers": .init(members: [viewer, otherViewer], sees: ["hosts"]),
        "ops": .init(members: [ops], sees: ["hosts"], spansDomains: true),
    ])

    @Test func aGroupEndsAtTheDomain() {
        let groups = Self.groups
        #expect(groups.connects(Self.viewer, Self.web))
        #expect(groups.connects(Self.otherViewer, Self.otherWeb))
        #expect(!groups.connects(Self.viewer, Self.otherWeb))
        #expect(!groups.connects(Self.otherWeb, Self.viewer))
        #expect(groups.contacts(of: Self.viewer) == [Self.web: ["hosts"]])
        #expect(groups.contacts(of: Self.otherViewer) == [Self.otherWeb: ["hosts"]])
        #expect(groups.names(through: Self.viewer, of: Self.otherWeb).isEmpty)
        #expect(!groups.sees(Self.viewer, membersOf: ["hosts"], at: TwoDomains.net))
    }

    @Test func aGroupThatSpansDomainsDoesNot() {
        let groups = Self.groups
        for host in [Self.web, Self.otherWeb] {
            #expect(groups.connects(Self.ops, host))
            #expect(groups.connects(host, Self.ops))
            #expect(groups.names(through: Self.ops, of: host) == ["hosts"])
            #expect(groups.contacts(of: host)[Self.ops] == ["ops"])
            #expect(groups.sees(Self.ops, membersOf: ["hosts"], at: host.domain))
        }
        #expect(groups.contacts(of: Self.ops) == [Self.web: ["hosts"], Self.otherWeb: ["hosts"]])
        // Who sees the hosts of all sees no viewer of any.
        #expect(!groups.connects(Self.ops, Self.viewer))
    }

    @Test func presenceEndsAtTheDomain() throws {
        var domains = try TwoDomains(Self.names, groups: Self.groups)
        domains.available("viewer", "viewer@example.net", "ops")
        for name in ["viewer", "viewer@example.net", "ops"] { _ = domains.told(name) }
        domains.available("web@example.net")
        #expect(domains.told("viewer").isEmpty)
        #expect(domains.told("viewer@example.net") == ["available web@example.net/desk"])
        #expect(domains.told("ops") == ["available web@example.net/desk"])
    }

    @Test func eachFleetServiceHasTheHostsOfItsDomain() throws {
        var domains = try TwoDomains(Self.names, groups: Self.groups)
        let publish = Verb.pubsub(
            "set",
            "<publish node='\(MonitoringNode.cpu.name)'><item id='current'>"
                + "<sample xmlns='urn:lapwing:1' level='ok'/></item></publish>"
        )
        for host in ["web", "web@example.net"] {
            #expect(try domains.outcome(host, "set", publish.markup, to: nil) == "result")
        }
        let items = Verb.pubsub("get", "<items node='host/web/cpu'/>").markup
        let fleets = [TwoDomains.com, TwoDomains.net].map { TwoDomains.service("monitor", $0) }
        // Hosts of one name do not mix.
        for (fleet, host) in zip(fleets, [Self.web, Self.otherWeb]) {
            #expect(domains.talk.service(fleet)?.nodes["host/web/cpu"]?.host == host)
            #expect(domains.talk.service(fleet)?.fleetAccess?.hosts == [host])
        }
        #expect(try domains.outcome("viewer", "get", items, to: fleets[0]) == "result")
        #expect(try domains.outcome("viewer", "get", items, to: fleets[1]) == "forbidden")
        #expect(
            try domains.outcome("viewer@example.net", "get", items, to: fleets[0]) == "forbidden"
        )
        for fleet in fleets {
            #expect(try domains.outcome("ops", "get", items, to: fleet) == "result")
        }
    }

    @Test func aHostThatIsNoneAnyMoreLeavesTheFleetOfItsDomain() throws {
        var domains = try TwoDomains(Self.names, groups: Self.groups)
        domains.talk.replaceGroups(
            with: SharedGroups([
                "hosts": .init(members: [Self.web], sees: ["viewers"]),
                "viewers": .init(members: [Self.viewer, Self.otherViewer], sees: ["hosts"]),
            ])
        )
        let fleets = [TwoDomains.com, TwoDomains.net].map { TwoDomains.service("monitor", $0) }
        #expect(domains.talk.service(fleets[0])?.fleet.hosts.keys.map(\.self) == [Self.web])
        #expect(domains.talk.service(fleets[1])?.fleet.hosts.isEmpty == true)
    }
}
