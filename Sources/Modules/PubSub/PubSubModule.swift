package import XMPP

/// The service on which users make nodes, and the one that mirrors those of the hosts (XEP-0060).
package enum PubSubModule: Module {
    package static let specifications = [
        Specification("XEP-0248", version: "0.5.0", leftOut: "the items of a collection (§6.2)"),
        Specification("XEP-0462", version: "0.1.1"),
    ]
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
        let owner = service.owner
        let administrators = world.services[owner]?.administrators ?? []
        let (sender, known) = (request.from.bare, request.relation)
        return try service.receive(
            request.stanza,
            from: request.from,
            relation: { jid in
                var relation = jid.bare == sender ? known ?? Relation() : Relation()
                relation.isOwner = administrators.contains(jid.bare)
                return relation
            },
            at: request.now
        ).map { $0.effect(of: owner) }
    }
}

extension PubSubService {
    /// Whose roster decides whether the sender of a request may have the node that it asks for: an
    /// owner of the node with an account here (XEP-0060 §4.5, presence and roster).
    func referee(of request: Element, from sender: JID, in world: borrowing World) -> JID? {
        guard profile.kind == .shared,
            let name = request.elements.lazy.compactMap({ $0["node"] }).first,
            let node = nodes[name], node.affiliations[sender.bare] == nil
        else { return nil }
        switch node.configuration.accessModel {
        case .presence, .roster: break
        case .open, .authorize, .whitelist: return nil
        }
        var referee: JID?
        for owner in node.affiliations.owners where world.isLocal(owner.domain) {
            let isFirst = referee.map {
                (owner.local ?? "", owner.domain) < ($0.local ?? "", $0.domain)
            }
            if isFirst ?? true { referee = owner }
        }
        return referee
    }

    /// Takes a message that was sent to the service: an owner's answer to a form, or the error that
    /// a notification was answered with.
    mutating func receive(
        message: Stanza,
        from sender: JID,
        world: borrowing World,
        now: Instant
    ) throws(StanzaError) -> [PubSubEffect] {
        guard !message.isError else { return bounced(message, from: sender) }
        let administrators = world.services[owner]?.administrators ?? []
        return try receive(
            message: message,
            from: sender,
            relation: { Relation(isOwner: administrators.contains($0.bare)) },
            at: now
        )
    }

    /// What an entity is to a service.
    func relation(of jid: JID, in world: borrowing World) -> Relation {
        let administrators = world.services[owner]?.administrators
        return Relation(isOwner: administrators?.contains(jid.bare) ?? false)
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
            // A session of another server has told nobody what it wants besides subscriptions.
            return available(
                Recipient(jid: sender, session: routed.origin?.session),
                relation: relation(of: sender, in: world),
                notify: routed.origin?.notify,
                show: Show(routed.stanza),
                // Presence that is directed here may be the first that a session sends.
                since: routed.origin?.since ?? Since(of: routed.stanza)?.moment(at: now),
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
