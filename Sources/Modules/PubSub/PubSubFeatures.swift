import XMPP

/// What a service of nodes says that it can do (XEP-0060 §10, XEP-0248 §9): one line a feature,
/// with the kinds of service of which it holds.
///
/// Of the access models each kind names its default alone: that is what these features mean.
enum PubSubFeatures {
    private static let all: Set<PubSubService.Profile.Kind> = [.personal, .shared, .fleet]
    /// Where nodes are made and published to.
    private static let publishing: Set<PubSubService.Profile.Kind> = [.personal, .shared]

    /// Names that begin with `#` are pubsub's own, the others are whole.
    private static let table: [(name: String, kinds: Set<PubSubService.Profile.Kind>)] = [
        (Namespace.pubsub, all),
        ("#access-open", [.shared]),
        ("#access-presence", [.personal]),
        ("#auto-create", publishing),
        ("#auto-subscribe", [.personal]),
        ("#collections", publishing),
        ("#config-node", publishing),
        ("#config-node-max", publishing),
        ("#create-and-configure", publishing),
        ("#create-nodes", publishing),
        ("#delete-items", publishing),
        ("#delete-nodes", publishing),
        ("#filtered-notifications", publishing),
        ("#get-pending", publishing),
        ("#instant-nodes", publishing),
        ("#item-ids", publishing),
        ("#last-published", all),
        ("#leased-subscription", all),
        ("#manage-subscriptions", publishing),
        ("#member-affiliation", publishing),
        ("#meta-data", all),
        ("#modify-affiliations", publishing),
        ("#multi-collections", publishing),
        ("#multi-items", publishing),
        ("#multi-subscribe", all),
        ("#outcast-affiliation", publishing),
        ("#persistent-items", publishing),
        ("#presence-notifications", all),
        ("#presence-subscribe", [.personal]),
        ("#publish", publishing),
        ("#publish-node-full", publishing),
        ("#publish-only-affiliation", publishing),
        ("#publish-options", publishing),
        ("#publisher-affiliation", publishing),
        ("#pubsub-on-a-jid", [.personal]),
        ("#purge-nodes", publishing),
        ("#retract-items", publishing),
        ("#retrieve-affiliations", publishing),
        ("#retrieve-default", publishing),
        ("#retrieve-default-sub", all),
        ("#retrieve-items", all),
        ("#retrieve-subscriptions", all),
        ("#rsm", all),
        ("#since", all),
        ("#subscribe", all),
        ("#subscription-notifications", all),
        ("#subscription-options", all),
        (Namespace.lapwing + "#filters", all),
        (TypeFilter.namespace, all),
        (Namespace.lapwing + "#fleet", [.fleet]),
        (Namespace.lapwing + "#wildcards", [.shared, .fleet]),
    ]

    /// The features of one kind of service, for disco.
    static func of(_ kind: PubSubService.Profile.Kind) -> [String] {
        table.lazy.filter { $0.kinds.contains(kind) }.map {
            $0.name.hasPrefix("#") ? Namespace.pubsub + $0.name : $0.name
        }
    }
}

extension PubSubService.Profile {
    /// What says that minutes and hours of samples can be asked for: the accounts keep them, and
    /// the mirrors answer with those of their originals (docs/protocol.md, Aggregates).
    var historyFeatures: [String] {
        history == nil || kind == .shared ? [] : [Namespace.lapwing + "#history"]
    }
}
