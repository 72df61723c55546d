import XMPP

// MARK: - Finding the fleet service

extension Inbox {
    /// To be called when ``patience`` has passed since the stream of that number came up.
    package mutating func waited(in session: Int) -> Delivery {
        guard session == self.session else { return Delivery() }
        return perform(service.waitedLongEnough())
    }

    mutating func receiveAnswer(_ stanza: Stanza, to purpose: Requests.Purpose) -> Delivery {
        switch purpose {
        case .components:
            let items = stanza.payload("query", Namespace.discoItems).flatMap { DiscoItems($0) }
            return perform(service.listed(stanza.isError ? nil : items))
        case .component(let jid):
            let info = stanza.payload("query", Namespace.discoInfo).flatMap { DiscoInfo($0) }
            return perform(service.described(jid, stanza.isError ? nil : info))
        case .subscription:
            return perform(service.answered(isSubscribed: isSubscribed(stanza)))
        case .fleetEvents:
            guard service.isSubscribed, let pubsub = stanza.payload("pubsub", Namespace.pubsub)
            else {
                return Delivery()
            }
            return Delivery(messages: directory.readLog(pubsub).flatMap { take($0) })
        case .roster, .server, .events, .account, .history: return Delivery()
        }
    }

    private func isSubscribed(_ answer: Stanza) -> Bool {
        let subscription = answer.payload("pubsub", Namespace.pubsub)?.child("subscription")
        return answer.type == "result" && subscription?["subscription"] == "subscribed"
    }

    private mutating func perform(_ action: FleetService.Action) -> Delivery {
        switch action {
        case .wait: return Delivery()
        case .ask(let components):
            let stanzas = components.map {
                requests.ask(.component($0), of: $0, DiscoInfo.request())
            }
            return Delivery(stanzas: stanzas)
        case .join(let jid):
            guard let account else { return Delivery() }
            // Presence first: the subscription lasts as long as it does.
            let stanzas = announced == nil ? announce(.service) : []
            return Delivery(
                stanzas: stanzas + [requests.askForSubscription(of: account, at: jid)]
            )
        case .listenToService:
            return Delivery(
                messages: [.feed(.service)],
                stanzas: announce(.service) + askForFleetEvents() + askArchives()
            )
        case .listenToAccounts:
            return Delivery(
                messages: [.feed(.accounts)] + forgetStrangers(),
                stanzas: announce(.accounts) + askForLogs(of: hosts) + askArchives()
            )
        }
    }

    /// Asks for the log of all hosts, once a session.
    private mutating func askForFleetEvents() -> [Stanza] {
        guard let jid = service.service?.jid, !askedFleetLog else { return [] }
        askedFleetLog = true
        return [requests.askForEvents(ofAllAt: jid)]
    }

    /// Sends presence where what we want has changed.
    private mutating func announce(_ interest: Interest) -> [Stanza] {
        guard announced != interest else { return [] }
        announced = interest
        return [interest.presence]
    }
}

// MARK: - What it tells

extension Inbox {
    /// Takes a message that is known to be from the service itself.
    mutating func receiveFleet(_ stanza: Stanza) -> Delivery {
        guard !stanza.isError, let event = stanza.payload("event", Namespace.pubsubEvent) else {
            return Delivery()
        }
        if let subscription = event.child("subscription"), isEnd(subscription) { return leave() }
        let news = directory.read(event, sent: Delay.stamp(of: stanza))
        guard !news.isEmpty else { return Delivery() }
        var delivery = perform(service.told())
        delivery.messages += news.flatMap { take($0) }
        return delivery
    }

    private func isEnd(_ subscription: Element) -> Bool {
        subscription["subscription"] == "none"
            && subscription["node"] == FleetService.everyNode
            && subscription["jid"].map { $0 == account?.description } ?? true
    }

    /// The service tells us nothing more: what it said of presence is void.
    private mutating func leave() -> Delivery {
        var delivery = perform(service.ended())
        delivery.messages = delivery.messages.map { message in
            if case .feed = message { .feed(.withdrawn) } else { message }
        }
        directory = FleetDirectory(domain: account?.domain ?? "")
        for host in hosts {
            let isAvailable = tracker.isAvailable(host)
            delivery.messages.append(.presence(host, isAvailable ? .available : .unseen))
        }
        return delivery
    }

    /// Forgets the hosts that only a fleet service told of: nobody does any more.
    private mutating func forgetStrangers() -> [Message] {
        let strangers = hosts.filter { !tracker.knows($0) }
        hosts.subtract(strangers)
        return strangers.map { .unlisted($0) }
    }

    private mutating func take(_ news: FleetDirectory.News) -> [Message] {
        switch news {
        case .present(let host, let isUp):
            admit(host)
            return [.presence(host, isUp ? .available : .unavailable)]
        case .dropped(let host):
            hosts.remove(host)
            return [.unlisted(host)]
        case .told(let host, let message):
            return admit(host) ? [.listed(host), message] : [message]
        case .cleared(let message): return [message]
        }
    }

    /// Notes a host; true when it was not known.
    @discardableResult
    private mutating func admit(_ host: JID) -> Bool {
        // Those past the most that are shown are counted by the fleet, which has its own bound.
        guard hosts.count < PresenceTracker.maximumContacts else { return false }
        return hosts.insert(host).inserted
    }
}
