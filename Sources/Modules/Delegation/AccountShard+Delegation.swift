import XMPP

// Requests that components answer (XEP-0355), on the shard of who is asked.
extension AccountShard {
    /// Hands a request to the component that its payload is delegated to; nil where the server
    /// answers itself.
    ///
    /// `address` is a domain or an account; `agent` a component in whose name the request was sent.
    /// It goes by the shard of the domain, which the component's answer comes to.
    mutating func delegate(
        _ iq: Stanza,
        to address: JID,
        from sender: JID,
        agent: JID? = nil
    ) -> [Effect]? {
        guard !world.delegations.isEmpty, iq.isRequest, iq.payloads == 1, let payload = iq.payload,
            let delegation = world.delegations.delegation(of: payload, in: address.domain)
                ?? delegation(ofRemaining: payload, iq.type, of: address),
            // §4.3.1: otherwise it would get its own requests back.
            !delegation.isManaged(by: sender), agent != delegation.component
        else { return nil }
        if payload.namespace == Namespace.roster, iq.type == "get" {
            // §4.3.1: pushes come from the server, to who asked for the roster (RFC 6121 §2.1.6).
            _ = accounts.update(address) { $0.rosterAsked(by: sender) }
        }
        let news = ComponentNews.delegated(iq, address: address, to: delegation.component)
        return [.tell(news, JID(normalizedLocal: nil, domain: address.domain))]
    }

    /// The delegation of questions about an account's nodes that the server does not know (§7.2.4),
    /// and of what nodes there are (§7.2.5).
    private mutating func delegation(
        ofRemaining payload: Element,
        _ type: String?,
        of account: JID
    ) -> Delegation? {
        guard account.local != nil, type == "get" else { return nil }
        let node = payload["node"].flatMap { $0.isEmpty ? nil : $0 }
        let delegation: Delegation?
        switch payload.namespace {
        case Namespace.discoInfo where node != nil:
            delegation = world.delegations[Delegation.remainingInfo, account.domain]
        case Namespace.discoItems:
            delegation = world.delegations[Delegation.remainingItems, account.domain]
        default: delegation = nil
        }
        guard let delegation, let node else { return delegation }
        if PubSubService.isOfCommands(node) { return nil }
        if world.delegations.takesNodes(of: account.domain) { return delegation }
        return accounts.update(account) { $0.pep.nodes[node] != nil } == true ? nil : delegation
    }
}

// What passes between the server and the component, on the shard of the domain.
extension AccountShard {
    /// Requests that wait for a component's answer, of a shard, and of one who asks.
    static let delegatedRequestsMaximum = 10_000
    static let delegatedRequestsOfOneMaximum = 1_000

    /// Tells a component what is delegated to it, and asks what it adds to disco info (§9, note 2).
    mutating func introduceDelegations(
        to component: JID,
        _ session: SessionID,
        isFirst: Bool,
        _ domain: JID,
        at now: Instant
    ) -> [Effect] {
        guard
            let message = world.delegations.advertisement(from: domain, to: component)
        else { return [] }
        var effects: [Effect] = [.deliver(message, to: session)]
        guard isFirst else { return effects }
        // Those that a connection took along whose place is taken.
        effects += abandonDelegated(to: component, domain)
        for delegation in world.delegations.all(to: component, in: domain.domain)
        where !delegation.isOfRemainingNodes {
            for place in NestedDiscovery.Place.allCases {
                effects += askInfo(delegation, place, domain, at: now)
            }
        }
        return effects + awaitDelegated()
    }

    private mutating func askInfo(
        _ delegation: Delegation,
        _ place: NestedDiscovery.Place,
        _ domain: JID,
        at now: Instant
    ) -> [Effect] {
        let namespace = delegation.namespace
        let id = try? delegatedRequests.add(
            asking: delegation.component,
            for: domain,
            .info(namespace: namespace, place),
            at: now
        )
        guard let id else { return [] }
        let query = DiscoInfo.request(node: place.node(for: namespace))
        let asked = delegation.component
        return [.route(Routed(Stanza(.iq, type: "get", id: id, from: domain, to: asked, [query])))]
    }

    /// Sends a request on.
    mutating func forward(
        _ iq: Stanza,
        to address: JID,
        by component: JID,
        at now: Instant
    ) -> [Effect] {
        guard let sender = iq.from else { return [] }
        let domain = JID(normalizedLocal: nil, domain: address.domain)
        do throws(StanzaError) {
            let id = try delegatedRequests.add(
                asking: component,
                for: sender.bare,
                .request(DelegatedRequest(iq, to: address)),
                at: now
            )
            let wrapper = DelegatedRequest.wrapper(iq, id: id, from: domain, to: component)
            return [.route(Routed(wrapper))] + awaitDelegated()
        } catch {
            var failure = iq.failure(error)
            failure.from = address
            return [.route(Routed(failure))]
        }
    }

    /// Takes what a component answered; what is no answer to anything is dropped.
    mutating func answeredByComponent(_ answer: Stanza) -> [Effect] {
        guard !delegatedRequests.isEmpty, let entry = delegatedRequests.take(answer: answer) else {
            return []
        }
        switch entry.purpose {
        case .request(let request): return [.route(Routed(request.answer(to: answer)))]
        case .info(let namespace, let place):
            let info = NestedDiscovery.info(in: answer)
            let (domain, component) = (entry.asker, entry.asked)
            return [.tell(.nested(info, namespace, place, domain: domain, by: component), nil)]
        }
    }

    /// Takes what a component says, if it is still for it to say.
    mutating func nest(
        _ info: DiscoInfo?,
        _ namespace: String,
        _ place: NestedDiscovery.Place,
        _ domain: JID,
        by component: JID
    ) {
        guard world.delegations[namespace, domain.domain]?.component == component else { return }
        world.nested.set(info, for: namespace, place, of: domain.domain)
    }

    /// The component's last connection is gone: who waits for it waits no longer, and what it said
    /// of itself holds no more.
    mutating func delegationsGone(_ component: JID, _ domain: JID) -> [Effect] {
        var effects = abandonDelegated(to: component, domain)
        for delegation in world.delegations.all(to: component, in: domain.domain) {
            for place in NestedDiscovery.Place.allCases {
                effects.append(forget(delegation.namespace, place, domain, by: component))
            }
        }
        return effects
    }

    /// The time has come at which some have waited too long.
    mutating func delegationsWoke(at now: Instant) -> [Effect] {
        giveUp(delegatedRequests.expired(at: now)) + awaitDelegated()
    }

    private mutating func abandonDelegated(to component: JID, _ domain: JID) -> [Effect] {
        let abandoned = delegatedRequests.abandoned(by: component) { entry in
            switch entry.purpose {
            case .request(let request): request.domain == domain.domain
            case .info: entry.asker == domain
            }
        }
        return giveUp(abandoned)
    }

    /// No answer will come to these.
    private func giveUp(
        _ entries: [OutstandingRequests<DelegationQuestion>.Entry]
    ) -> [Effect] {
        entries.map {
            switch $0.purpose {
            case .request(let request): .route(Routed(request.failure))
            case .info(let namespace, let place): forget(namespace, place, $0.asker, by: $0.asked)
            }
        }
    }

    private func forget(
        _ namespace: String,
        _ place: NestedDiscovery.Place,
        _ domain: JID,
        by component: JID
    ) -> Effect {
        .tell(.nested(nil, namespace, place, domain: domain, by: component), nil)
    }

    private func awaitDelegated() -> [Effect] {
        guard let due = delegatedRequests.due else { return [] }
        return [.wake(owner: world.domain, due)]
    }
}
