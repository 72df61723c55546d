package import XMPP

/// The service on which users make nodes, and the one that mirrors those of the hosts (XEP-0060).
package enum PubSubModule: Module {
    package static let specifications: [Specification] = []
    package static let routes =
        Route.both(.service, Namespace.pubsub) + Route.both(.service, Namespace.pubsubOwner)

    package static func serviceFeatures(of kind: PubSubService.Profile.Kind) -> [String] {
        kind == .personal ? [] : PubSubFeatures.of(kind)
    }

    package static func receive(
        _ request: Request,
        service: inout PubSubService,
        world: borrowing World
    ) throws(StanzaError) -> [Effect] {
        let (owner, administrators) = (service.owner, world.administrators)
        return try service.receive(
            request.stanza,
            from: request.from,
            relation: { Relation(isOwner: administrators.contains($0.bare)) },
            at: request.now
        ).map { $0.effect(of: owner) }
    }
}

extension PubSubService {
    /// What an entity is to a service.
    func relation(of jid: JID, in world: borrowing World) -> Relation {
        Relation(isOwner: world.administrators.contains(jid.bare))
    }

    /// Takes presence that was sent to the service: who is there, and what for.
    mutating func receivePresence(
        _ routed: Routed,
        from sender: JID,
        world: borrowing World,
        now: Instant
    ) -> [PubSubEffect] {
        switch routed.stanza.type {
        case nil:
            guard let origin = routed.origin else { return [] }
            return available(
                Recipient(jid: sender, session: origin.session),
                relation: relation(of: sender, in: world),
                notify: origin.notify ?? .none,
                at: now
            )
        case "unavailable":
            return unavailable(sender) + announcement()
        default: return []
        }
    }
}

extension PubSubService.Profile.Kind {
    /// The service's name for people.
    var title: String {
        switch self {
        case .personal: "Personal nodes"
        case .shared: "Nodes"
        case .fleet: "Fleet"
        }
    }
}

extension PubSubService.Profile {
    /// The service of a domain on which its users make nodes.
    package static func shared(
        users domain: String,
        limits: PubSubLimits = PubSubLimits()
    ) -> Self {
        var profile = Self(.shared, defaults: .shared, limits: limits)
        profile.creators = .users(of: domain)
        return profile
    }

    /// The service that mirrors the hosts' nodes: nothing of them is kept twice.
    package static func fleet(limits: PubSubLimits = PubSubLimits()) -> Self {
        Self(.fleet, defaults: NodeConfiguration(), limits: limits) { _ in .none }
    }
}
