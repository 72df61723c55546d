import Modules
import Testing
import XMPP

/// Groups that change while shards talk to each other.
@Suite struct GroupTests {
    private let host = JID(normalizedLocal: "host", domain: "example.com")
    private let node = "urn:example:cpu"

    private func shard() throws -> AccountShard {
        let world = World(
            domain: JID(normalizedLocal: nil, domain: "example.com"),
            modules: ModuleTable(Conversation.modules),
            groups: SharedGroups(),
            software: .init(name: "Lapwing", version: "test")
        )
        var shard = AccountShard([Account(jid: host)], world: world)
        let session = SessionID(rawValue: 1)
        guard case .bound(let full, _) = shard.bind(host, resource: "agent", session: session)
        else { throw StanzaError(.notAllowed) }
        let item = Element(
            "item",
            Namespace.pubsub,
            attributes: [.init("id", "1")],
            [Element("a", "urn:example:a")]
        )
        let action = Element("publish", Namespace.pubsub, attributes: [.init("node", node)], [item])
        let publish = Element("pubsub", Namespace.pubsub, [action])
        for stanza in [
            Stanza(.presence, from: full), Stanza(.iq, type: "set", id: "1", from: full, [publish]),
        ] { _ = shard.receive(stanza, from: session, of: host, at: Instant(milliseconds: 1)) }
        return shard
    }

    /// Another shard followed first: its viewer's presence is here before this one has told.
    @Test func judgesByNewGroupsBeforeItFollowsThem() throws {
        var shard = try shard()
        let viewer = JID(normalizedLocal: "viewer", domain: "example.com", resource: "top")
        shard.replaceGroups(
            with: SharedGroups([
                "hosts": .init(members: [host], sees: ["viewers"]),
                "viewers": .init(members: [viewer.bare], sees: ["hosts"]),
            ])
        )
        let presence = Routed(
            Stanza(.presence, from: viewer, to: host),
            origin: .init(
                session: SessionID(rawValue: 2),
                notify: NotifySet(features: [node + "+notify"])
            )
        )
        let effects = shard.receive(presence, at: Instant(milliseconds: 2)) + shard.followGroups()
        let notified = effects.flatMap { effect -> [Recipient] in
            if case .notify(let notification) = effect { notification.recipients } else { [] }
        }
        #expect(notified.map(\.jid) == [viewer])
    }
}
