import Testing
import XMPP

@testable import Modules

/// What services tell disco that they can do.
struct FeatureTests {
    private static let kinds: [PubSubService.Profile.Kind] = [.personal, .shared, .fleet]

    // XEP-0060 §10 and its registry, XEP-0248 §9, XEP-0312 §3.
    private static let registered: Set = [
        "access-authorize", "access-open", "access-presence", "access-roster",
        "access-whitelist", "auto-create", "auto-subscribe", "collections", "config-node",
        "config-node-max", "create-and-configure", "create-nodes", "delete-items",
        "delete-nodes", "filtered-notifications", "get-pending", "instant-nodes", "item-ids",
        "last-published", "leased-subscription", "manage-subscriptions", "member-affiliation",
        "meta-data", "modify-affiliations", "multi-collections", "multi-items",
        "multi-subscribe", "outcast-affiliation", "persistent-items", "presence-notifications",
        "presence-subscribe", "publish", "publish-node-full", "publish-only-affiliation",
        "publish-options", "publisher-affiliation", "pubsub-on-a-jid", "purge-nodes",
        "retract-items", "retrieve-affiliations", "retrieve-default", "retrieve-default-sub",
        "retrieve-items", "retrieve-subscriptions", "rsm", "since", "subscribe",
        "subscription-notifications", "subscription-options",
    ]

    @Test(arguments: kinds)
    func namesRegisteredFeaturesOnceEach(_ kind: PubSubService.Profile.Kind) {
        let features = PubSubFeatures.of(kind)
        #expect(Set(features).count == features.count)
        let prefix = Namespace.pubsub + "#"
        let own = features.filter { $0.hasPrefix(prefix) }.map { $0.dropFirst(prefix.count) }
        #expect(Self.registered.isSuperset(of: own.map(String.init)))
        // §5.1: recommended, for those who look for it.
        #expect(features.contains(Namespace.pubsub))
    }

    @Test(arguments: kinds)
    func namesOneDefaultAccessModelAtMost(_ kind: PubSubService.Profile.Kind) {
        let models = PubSubFeatures.of(kind).filter { $0.contains("#access-") }
        let expected: [PubSubService.Profile.Kind: [String]] = [
            .personal: ["#access-presence"], .shared: ["#access-open"], .fleet: [],
        ]
        #expect(models == expected[kind]?.map { Namespace.pubsub + $0 })
    }

    // XEP-0060 §9: an account that is a service says so; no other does.
    @Test func accountsAloneArePubsubOnAJID() {
        let feature = Namespace.pubsub + "#pubsub-on-a-jid"
        #expect(Self.kinds.filter { PubSubFeatures.of($0).contains(feature) } == [.personal])
        #expect(PEPModule.accountFeatures == PubSubFeatures.of(.personal))
    }

    // Nobody makes nodes or publishes on the mirrors of the hosts.
    @Test func fleetOffersWhatReadersNeedAlone() {
        let offered = Set(PubSubFeatures.of(.fleet))
        let publishers = ["create-nodes", "publish", "delete-items", "config-node", "item-ids"]
        #expect(offered.isDisjoint(with: publishers.map { Namespace.pubsub + "#" + $0 }))
        #expect(offered.contains(Namespace.pubsub + "#retrieve-items"))
    }
}
