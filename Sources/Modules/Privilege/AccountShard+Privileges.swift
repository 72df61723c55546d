package import XMPP

// What components do in the names of accounts (XEP-0356).
extension AccountShard {
    /// Requests of components for accounts that wait for an answer, of a shard, and of one of them.
    static let privilegedRequestsMaximum = 10_000
    static let privilegedRequestsOfOneMaximum = 1_000

    /// A message to the server that holds another.
    func send(_ wrapper: Stanza) throws(StanzaError) -> [Effect] {
        let message = try PrivilegedMessage.message(
            in: wrapper,
            privileges: world.privileges
        )
        guard let from = message.from, !from.isDomain else { return [.route(Routed(message))] }
        return [.tell(.message(wrapper), from)]
    }

    /// The same on the shard of the account that it is from.
    func sendAsAccount(_ wrapper: Stanza) -> [Effect] {
        do throws(StanzaError) {
            let message = try PrivilegedMessage.message(
                in: wrapper,
                privileges: world.privileges
            )
            guard let from = message.from, accounts.index(forKey: from) != nil else {
                throw StanzaError(.forbidden, text: "there is no such account")
            }
            return [.route(Routed(message))]
        } catch {
            return [.route(Routed(wrapper.failure(error)))]
        }
    }

    /// A request to an account that holds another.
    mutating func request(_ wrapper: Stanza, at now: Instant) throws(StanzaError) -> [Effect] {
        var (purpose, inner) = try PrivilegedRequest.request(
            in: wrapper,
            privileges: world.privileges
        )
        guard let account = inner.from, accounts.has(account), let asked = inner.to,
            let component = wrapper.from
        else { throw StanzaError(.forbidden, text: "there is no such account") }
        inner.id = try privilegedRequests.add(asking: asked, for: component, purpose, at: now)
        return [.route(Routed(inner, agent: component))] + awaitAnswers()
    }

    /// What an account got in answer to a request; nil where no component had it sent.
    mutating func answered(_ answer: Stanza) -> [Effect]? {
        guard !privilegedRequests.isEmpty,
            let entry = privilegedRequests.take(answer: answer)
        else { return nil }
        return [.route(Routed(entry.purpose.result(answer)))]
    }

    /// Has the shard woken when the oldest request has waited too long.
    private func awaitAnswers() -> [Effect] {
        guard let due = privilegedRequests.due else { return [] }
        return [.wake(owner: world.domain, due)]
    }

    /// The time has come that components asked for.
    mutating func componentsWoke(at now: Instant) -> [Effect] {
        let error = StanzaError(.remoteServerTimeout, text: "no answer came")
        let effects = privilegedRequests.expired(at: now).map {
            Effect.route(Routed($0.purpose.wrapper.failure(error)))
        }
        return effects + awaitAnswers() + delegationsWoke(at: now) + introduceSome(at: now)
    }
}

// What concerns components and comes from other shards.
extension AccountShard {
    /// Takes what is told of a component, or for one.
    package mutating func receive(_ news: ComponentNews, at now: Instant) -> [Effect] {
        switch news {
        case .attached(let component, let session, let isFirst, let domain):
            return welcome(component, session, isFirst: isFirst, domain)
                + introduceDelegations(to: component, session, isFirst: isFirst, domain, at: now)
        case .gone(let component, let domain): return delegationsGone(component, domain)
        case .delegated(let request, let address, let component):
            return forward(request, to: address, by: component, at: now)
        case .nested(let info, let namespace, let place, let domain, let component):
            nest(info, namespace, place, domain, by: component)
            return []
        case .newcomer(let component, let domain):
            let present = accounts.filter {
                $0.key.domain == domain.domain && $0.value.sessions.contains(where: \.isAvailable)
            }
            introductions[component, default: []] += present.keys
            return introduceSome(at: now)
        case .message(let wrapper): return sendAsAccount(wrapper)
        case .contact(let presence, let domain):
            guard contactPresences.receive(presence, of: domain) else { return [] }
            let watchers = world.privileges.contactWatchers(of: domain.domain)
            return watchers.flatMap { show([presence], to: $0) }
        }
    }

    /// Takes the components that another world has, and what they may do.
    package mutating func replaceComponents(with other: World) {
        world.takeComponents(of: other)
    }

    /// Tells a component what it may do, and all that it is to see (§8.1).
    private func welcome(
        _ component: JID,
        _ session: SessionID,
        isFirst: Bool,
        _ domain: JID
    ) -> [Effect] {
        guard let granted = world.privileges[component, domain.domain] else { return [] }
        var effects: [Effect] = []
        if let message = granted.advertisement(from: domain, to: component) {
            effects.append(.deliver(message, to: session))
        }
        guard isFirst, granted.presence != .none else { return effects }
        effects.append(.tell(.newcomer(component, domain: domain), nil))
        if granted.presence == .contacts {
            effects += show(contactPresences.all(of: domain), to: component)
        }
        return effects
    }

    /// Accounts that a component is told of at once, and the pause after it: a component that
    /// reads at all shall not be taken for one that does not.
    static let introducedAtOnce = 500
    static let introductionPause = Duration.milliseconds(100)

    /// Goes on telling components who was there before them.
    private mutating func introduceSome(at now: Instant) -> [Effect] {
        guard !introductions.isEmpty else { return [] }
        var effects: [Effect] = []
        for (component, waiting) in introductions {
            for jid in waiting.prefix(Self.introducedAtOnce) {
                let presences = accounts.update(jid) { $0.sessions.compactMap(\.presence) }
                effects += show(presences ?? [], to: component)
            }
            let left = waiting.dropFirst(Self.introducedAtOnce)
            introductions[component] = left.isEmpty ? nil : left
        }
        guard !introductions.isEmpty else { return effects }
        return effects + [.wake(owner: world.domain, now + Self.introductionPause)]
    }

    /// Presence of contacts; a component's own is not sent back to it.
    private func show(_ presences: [Stanza], to component: JID) -> [Effect] {
        presences.compactMap { presence in
            guard presence.from?.domain != component.domain else { return nil }
            var presence = presence
            presence.to = component
            return .route(Routed(presence))
        }
    }
}
