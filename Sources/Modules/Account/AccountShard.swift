package import XMPP

/// The accounts of one shard: takes what sessions and other shards send, returns effects.
///
/// Owned by one event loop. All that concerns an account goes through its shard in the order in
/// which it came (RFC 6120 §10.1).
package struct AccountShard: Sendable {
    package internal(set) var accounts: [JID: Account]
    /// The services that live on this shard, by their domains.
    package internal(set) var services: [JID: PubSubService]
    package internal(set) var world: World
    var capabilities = CapabilityCache()
    /// What sessions of other servers are asked.
    var contactQuestions = ContactQuestions()
    /// What the clients were told of last, while newer groups wait for ``followGroups()``.
    private var groupsBefore: SharedGroups?
    /// What the fleet services have to tell of those groups then.
    private var fleetNews: [Effect] = []
    /// Requests that components have accounts here send (XEP-0356).
    var privilegedRequests = OutstandingRequests<PrivilegedRequest>(
        maximum: privilegedRequestsMaximum,
        ofOneMaximum: privilegedRequestsOfOneMaximum
    )
    /// Of the shard of a domain: what components were asked in its place (XEP-0355).
    var delegatedRequests = OutstandingRequests<DelegationQuestion>(
        maximum: delegatedRequestsMaximum,
        ofOneMaximum: delegatedRequestsOfOneMaximum
    )
    /// Accounts that components are still to be told of.
    var introductions: [JID: ArraySlice<JID>] = [:]
    /// Of the shard of the domain: what components see of contacts.
    var contactPresences = ContactPresences()

    package init(_ accounts: [Account], services: [PubSubService] = [], world: World) {
        self.accounts = Dictionary(accounts.map { ($0.jid, $0) }) { _, last in last }
        self.services = Dictionary(services.map { ($0.owner, $0) }) { _, last in last }
        self.world = world
        prepareFleets()
    }

    /// Everyone here who has nodes.
    package var owners: [JID] { Array(accounts.keys) + Array(services.keys) }

    /// What an owner's nodes have to do from the start.
    package mutating func started(_ owner: JID, at now: Instant) -> [Effect] {
        let effects =
            services[owner]?.started(at: now) ?? accounts[owner]?.pep.started(at: now) ?? []
        return effects.map { $0.effect(of: owner) } + announce(owner)
    }

    /// The time has come that an owner's nodes asked for.
    package mutating func woke(_ owner: JID, at now: Instant) -> [Effect] {
        if owner == world.domain { return componentsWoke(at: now) }
        let effects = services[owner]?.woke(at: now) ?? accounts[owner]?.pep.woke(at: now) ?? []
        return effects.map { $0.effect(of: owner) }
    }
}

// MARK: - Sessions

extension AccountShard {
    /// What a request for a resource led to (RFC 6120 §7).
    package enum Binding: Sendable {
        /// The session's full address; the effects end another that had it.
        case bound(JID, [Effect])
        case refused(StanzaError)
    }

    /// Gives a session its resource.
    ///
    /// A session that has it already is ended with `conflict` (RFC 6120 §7.7.2.2): who comes back
    /// after a lost connection must not find the door shut by his own ghost.
    package mutating func bind(
        _ account: JID,
        resource: String,
        session: SessionID
    ) -> Binding {
        guard let full = try? JID(local: account.local, domain: account.domain, resource: resource)
        else { return .refused(StanzaError(.badRequest, text: "that is no resource")) }
        guard let owner = accounts[account] else {
            return .refused(StanzaError(.notAllowed, text: "there is no such account any more"))
        }
        var effects: [Effect] = []
        if let index = owner.index(of: full) {
            let old = owner.sessions[index].id
            effects += accounts[account]?.end(old, world: world) ?? []
            effects.append(
                .end(old, StreamError(.conflict, text: "a newer session took its place"))
            )
        } else if owner.sessions.count >= world.sessionsMaximum {
            return .refused(
                StanzaError(
                    .resourceConstraint,
                    text: "the account has as many sessions as it may"
                )
            )
        }
        accounts[account]?.sessions.append(Session(id: session, jid: full))
        return .bound(full, effects)
    }

    /// A session's stream is over.
    package mutating func closed(_ session: SessionID, of account: JID) -> [Effect] {
        accounts[account]?.end(session, world: world) ?? []
    }
}

// MARK: - Stanzas from the account's own sessions

extension AccountShard {
    /// Takes a stanza that a session sent; its `from` is the session's full address.
    package mutating func receive(
        _ stanza: Stanza,
        from session: SessionID,
        of account: JID,
        at now: Instant
    ) -> [Effect] {
        guard let index = accounts.update(account, { $0.index(of: session) }) ?? nil else {
            return []
        }
        do {
            if stanza.kind == .presence {
                return try receivePresence(stanza, at: index, of: account, now: now)
            }
            if !stanza.isRequest, stanza.kind == .iq,
                accounts[account]?.answersCapabilities(stanza, at: index) == true
            {
                return accounts[account]?.learnCapabilities(
                    from: stanza,
                    at: index,
                    cache: &capabilities,
                    world: world,
                    now: now
                ) ?? []
            }
            guard let to = stanza.to, to != account else {
                return try receiveOwn(stanza, of: account, now: now)
            }
            let origin = accounts.update(account) { $0.sessions[index].origin }
            return [.route(Routed(stanza, origin: origin))]
        } catch {
            guard !stanza.isError, stanza.kind != .iq || stanza.isRequest else { return [] }
            // The way that results take, so that answers come in the order of their requests.
            var failure = stanza.failure(error)
            failure.from = failure.from ?? account
            return [.route(Routed(failure))]
        }
    }

    /// RFC 6120 §10.3: without an address, or with the account's own, the server answers for it.
    private mutating func receiveOwn(
        _ stanza: Stanza,
        of account: JID,
        now: Instant
    ) throws(StanzaError) -> [Effect] {
        guard let sender = stanza.from else { return [] }
        switch stanza.kind {
        case .message:
            var message = stanza
            message.to = account
            return try receive(message: message, for: account, from: sender, now: now)
        case .iq:
            return try request(stanza, to: account, from: sender, now: now)
        case .presence: return []
        }
    }

    private mutating func receivePresence(
        _ stanza: Stanza,
        at index: Int,
        of account: JID,
        now: Instant
    ) throws(StanzaError) -> [Effect] {
        if let to = stanza.to {
            switch stanza.type {
            case nil:
                let questions = accounts[account]?.readCapabilities(
                    of: stanza,
                    at: index,
                    cache: capabilities
                )
                return (questions ?? [])
                    + (accounts[account]?.direct(stanza, to: to, at: index) ?? [])
            case "unavailable":
                return accounts[account]?.direct(stanza, to: to, at: index) ?? []
            case "subscribe", "subscribed", "unsubscribe", "unsubscribed":
                return try accounts[account]?.sendSubscription(stanza, to: to, world: world) ?? []
            case "error": return [.route(Routed(stanza))]
            default:
                // RFC 6121 §4.3: probes are the servers' own.
                throw StanzaError(.badRequest, text: "no such type of presence for a client")
            }
        }
        var effects: [Effect] = []
        if stanza.type == nil {
            effects +=
                accounts[account]?.readCapabilities(
                    of: stanza,
                    at: index,
                    cache: capabilities
                ) ?? []
        }
        effects += try accounts[account]?.broadcast(stanza, at: index, world: world, now: now) ?? []
        return effects
    }

    private mutating func request(
        _ iq: Stanza,
        to account: JID,
        from sender: JID,
        agent: JID? = nil,
        now: Instant
    ) throws(StanzaError) -> [Effect] {
        if let effects = delegate(iq, to: account, from: sender, agent: agent) { return effects }
        var iq = iq
        // RFC 6120 §8.1.2.1: the answer comes from the account that was asked.
        iq.to = iq.to ?? account
        if !iq.isRequest, let effects = answered(iq) ?? learnContact(from: iq, at: now) {
            return effects
        }
        guard
            let effects = try accounts.update(
                account,
                { (account) throws(StanzaError) in
                    try account.receiveRequest(iq, from: sender, world: world, now: now)
                }
            )
        else { throw StanzaError(.serviceUnavailable) }
        return effects
    }
}

// MARK: - Stanzas from elsewhere

extension AccountShard {
    /// Takes a stanza for an account of this shard, or for a domain of the server's.
    package mutating func receive(_ routed: Routed, at now: Instant) -> [Effect] {
        guard let to = routed.stanza.to, let sender = routed.stanza.from else { return [] }
        do {
            if services.has(to) { return try receiveForService(routed, to, sender, now) }
            if to.isDomain { return try receiveForServer(routed, from: sender, now: now) }
            return try deliver(routed, to: to, from: sender, now: now)
        } catch {
            let stanza = routed.stanza
            // RFC 6120 §8.3.1: an error is never answered; RFC 6121 §8.5.1: presence neither.
            guard !stanza.isError, stanza.kind == .message || stanza.isRequest else { return [] }
            return [.route(Routed(stanza.failure(error)))]
        }
    }

    private mutating func deliver(
        _ routed: Routed,
        to: JID,
        from sender: JID,
        now: Instant
    ) throws(StanzaError) -> [Effect] {
        let account = to.bare
        if PrivilegedRequest.isWrapper(routed.stanza) { return try request(routed.stanza, at: now) }
        guard accounts.has(account) else { throw StanzaError(.serviceUnavailable) }
        switch routed.stanza.kind {
        case .presence:
            return receivePresence(routed, for: account, from: sender, at: now)
        case .message:
            return try receive(message: routed.stanza, for: account, from: sender, now: now)
        case .iq where to.isBare:
            return try request(
                routed.stanza,
                to: account,
                from: sender,
                agent: routed.agent,
                now: now
            )
        case .iq:
            return try accounts[account]?.receiveSessionRequest(routed.stanza, to: to) ?? []
        }
    }

    /// A message for an account: for its nodes, or for whoever reads it.
    private mutating func receive(
        message: Stanza,
        for account: JID,
        from sender: JID,
        now: Instant
    ) throws(StanzaError) -> [Effect] {
        let effects = try accounts[account]?.receiveForNodes(
            message,
            from: sender,
            world: world,
            now: now
        )
        if let effects { return effects }
        return try accounts[account]?.receiveMessage(message) ?? []
    }

    private mutating func receiveForService(
        _ routed: Routed,
        _ service: JID,
        _ sender: JID,
        _ now: Instant
    ) throws(StanzaError) -> [Effect] {
        let stanza = routed.stanza
        switch stanza.kind {
        case .presence:
            let effects = services.update(service) {
                $0.receivePresence(routed, from: sender, world: world, now: now)
            }
            return (effects ?? []).map { $0.effect(of: service) }
        case .message:
            let effects = try services[service]?.receive(
                message: stanza,
                from: sender,
                world: world,
                now: now
            )
            return (effects ?? []).map { $0.effect(of: service) }
        case .iq:
            guard stanza.isRequest, let type = stanza.type else { return [] }
            guard stanza.payloads == 1, let payload = stanza.payload else {
                throw StanzaError(.badRequest, text: "an iq holds one payload")
            }
            guard let module = world.modules[Route(type, .service, payload.namespace)],
                let index = services.index(forKey: service)
            else { throw StanzaError(.serviceUnavailable) }
            if routed.relation == nil,
                let referee = services.values[index].referee(
                    of: payload,
                    from: sender,
                    in: world
                )
            {
                return [.relate(routed, to: referee)]
            }
            let request = Request(
                stanza,
                payload: payload,
                from: sender,
                now: now,
                relation: routed.relation
            )
            return try module.receive(request, service: &services.values[index], world: world)
        }
    }

    /// Says what the sender of a request is to an account of this shard.
    package func relate(_ routed: Routed, to account: JID) -> Routed {
        var routed = routed
        let relation = routed.stanza.from.flatMap {
            accounts[account]?.relation(of: $0, in: world.groups)
        }
        routed.relation = relation ?? Relation()
        // Whose account it is has no say on a service but by its affiliation.
        routed.relation?.isOwner = false
        return routed
    }

    private mutating func receiveForServer(
        _ routed: Routed,
        from sender: JID,
        now: Instant
    ) throws(StanzaError) -> [Effect] {
        let stanza = routed.stanza
        guard stanza.isRequest, let type = stanza.type else {
            if stanza.kind == .iq { return answeredByComponent(stanza) }
            // Presence to the server says nothing that it needs; messages have no reader.
            if PrivilegedMessage.isWrapper(stanza) { return try send(stanza) }
            if stanza.kind == .message { throw StanzaError(.serviceUnavailable) }
            return []
        }
        guard stanza.payloads == 1, let payload = stanza.payload else {
            throw StanzaError(.badRequest, text: "an iq holds one payload")
        }
        if let to = stanza.to,
            let effects = delegate(stanza, to: to, from: sender, agent: routed.agent)
        {
            return effects
        }
        guard let module = world.modules[Route(type, .server, payload.namespace)] else {
            throw StanzaError(.serviceUnavailable)
        }
        let request = Request(stanza, payload: payload, from: sender, now: now)
        return try module.receive(request, world: world)
    }

    /// A contact's session turned out to want notifications.
    package mutating func receive(
        _ interest: Interest,
        for account: JID,
        at now: Instant
    ) -> [Effect] {
        if let index = services.index(forKey: account) {
            let relation = services.values[index].relation(of: interest.jid, in: world)
            return services.values[index].available(
                Recipient(jid: interest.jid, session: interest.origin.session),
                relation: relation,
                notify: interest.origin.notify,
                since: interest.origin.since,
                at: now
            ).map { $0.effect(of: account) }
        }
        return accounts[account]?.notifyAvailable(
            interest.jid,
            interest.origin,
            world: world,
            now: now
        ) ?? []
    }

    /// What an account asked to have loaded.
    package mutating func loaded(
        _ items: LoadedItems,
        for account: JID,
        at now: Instant
    ) -> [Effect] {
        if let effects = services[account]?.loaded(items, at: now) {
            return effects.map { $0.effect(of: account) }
        }
        return accounts[account]?.loaded(items, world: world, now: now) ?? []
    }

    /// Names the sessions that an event for an address of this shard goes to; false where it has to
    /// go the way of all messages: nobody is there who could take it.
    ///
    /// Nothing is changed; but only who may change an account is given it without a copy.
    package mutating func eachSession(
        for jid: JID,
        isHeadline: Bool,
        _ body: (SessionID) -> Void
    ) -> Bool {
        guard let index = accounts.index(forKey: jid.bare) else { return false }
        return accounts.values[index].eachSession(for: jid, isHeadline: isHeadline, body)
    }
}

// MARK: - Administration

extension AccountShard {
    /// Removes an account and ends its sessions: nothing of it is left for who comes after.
    package mutating func remove(_ jid: JID) -> [Effect] {
        var effects: [Effect] = []
        for session in accounts[jid]?.sessions ?? [] {
            effects += accounts[jid]?.end(session.id, world: world) ?? []
            effects.append(
                .end(session.id, StreamError(.notAuthorized, text: "the account was removed"))
            )
        }
        effects += accounts[jid]?.endMirroring() ?? []
        accounts[jid] = nil
        return effects
    }

    /// Replaces what an account keeps with what the store has, after the store refused a change;
    /// its sessions stay.
    package mutating func restore(_ account: Account) {
        guard let current = accounts[account.jid] else { return }
        var restored = account
        restored.sessions = current.sessions
        restored.watchers = current.watchers
        restored.pep.isMirrored = current.pep.isMirrored
        restored.pep.adoptInterest(of: current.pep)
        accounts[account.jid] = restored
    }

    /// The same for a service.
    package mutating func restore(_ service: PubSubService) {
        guard let current = services[service.owner] else { return }
        var restored = service
        restored.adoptInterest(of: current)
        services[service.owner] = restored
    }

    /// Takes new shared groups, by which everything is decided from here on.
    ///
    /// ``followGroups()`` comes when all shards have them: presence that it sends must not reach
    /// one that would judge it by the old ones.
    package mutating func replaceGroups(with groups: SharedGroups) {
        groupsBefore = groupsBefore ?? world.groups
        world.groups = groups
        fleetNews += judgeFleets()
    }

    /// Clients' rosters, presence and notifications follow the groups that were replaced.
    package mutating func followGroups() -> [Effect] {
        guard let old = groupsBefore else { return [] }
        groupsBefore = nil
        var effects = fleetNews
        fleetNews = []
        for jid in accounts.keys {
            effects += accounts[jid]?.groupsChanged(from: old, in: world) ?? []
        }
        return effects + followHosts(from: old)
    }
}
