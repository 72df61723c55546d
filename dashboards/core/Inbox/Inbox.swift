package import XMPP

/// Turns what the server sends into messages for the model, and answers what wants an answer.
///
/// It takes values only from the bare addresses of known contacts, and from the fleet service of
/// our own server: whoever else sends an event is not heard.
package struct Inbox: Sendable {
    private(set) var account: JID?
    var tracker = PresenceTracker()
    /// Contacts that turned out to be hosts, and the hosts that the fleet service tells of.
    var hosts: Set<JID> = []
    var requests = Requests()
    var service = FleetService()
    var directory = FleetDirectory(domain: "")
    var archive = Archive()
    /// Whether the server keeps the past of its accounts.
    private(set) var serverHasHistory = false
    /// What our presence said last; nil before there was one.
    var announced: Interest?
    /// Whether the log of all hosts was asked for in this session.
    var askedFleetLog = false
    /// Counts the streams.
    package private(set) var session = 0
    /// Whether the server is one of ours, which sends the open alerts by itself; nil until it said.
    private var isOurServer: Bool?
    /// Hosts whose log was asked for in this session.
    private var asked: Set<JID> = []

    /// What comes of one stanza.
    package struct Delivery: Sendable {
        package var messages: [Message] = []
        package var stanzas: [Stanza] = []

        package init(messages: [Message] = [], stanzas: [Stanza] = []) {
            self.messages = messages
            self.stanzas = stanzas
        }
    }

    /// `token` makes the ids of requests hard to guess.
    package init(token: String) {
        requests.token = token
    }

    /// Whether the roster of this session has come.
    package private(set) var hasRoster = false

    /// The roster's group of hosts, also of those that were never seen (docs/protocol.md).
    static let hostGroup = "hosts"
    /// Events asked for of a host, on servers that are not ours: a screen or two.
    static let askedEvents = 50
    /// Events asked for of the fleet service, of all hosts together.
    static let askedFleetEvents = 100
    /// How long the search for a fleet service may hold up everything else: less than a host may go
    /// without presence before it counts as gone.
    package static let patience = Duration.seconds(2)
}

// MARK: - Session

extension Inbox {
    /// What to send when logged in: the roster is asked for first, so that senders are known before
    /// their values come.
    ///
    /// Presence waits until it is known whether a fleet service tells the values, since it says
    /// whether the accounts are to. ``waited(in:)`` is to be called after ``patience``.
    package mutating func online(_ jid: JID) -> [Stanza] {
        account = jid
        session &+= 1
        announced = nil
        tracker.list(jid)
        service.begin(at: jid.domain)
        directory = FleetDirectory(domain: jid.domain)
        let roster = Element("query", Namespace.roster)
        let domain = JID(normalizedLocal: nil, domain: jid.domain)
        return [
            requests.ask(.roster, of: nil, roster),
            requests.ask(.server, of: domain, DiscoInfo.request()),
            requests.ask(.components, of: domain, DiscoItems().element),
        ]
    }

    /// What is known of presence ends with the stream.
    package mutating func offline() {
        tracker.reset()
        requests.reset()
        service = FleetService()
        archive = Archive()
        serverHasHistory = false
        asked = []
        askedFleetLog = false
        isOurServer = nil
        hasRoster = false
    }
}

// MARK: - Stanzas

extension Inbox {
    package mutating func receive(_ stanza: Stanza) -> Delivery {
        switch stanza.kind {
        case .presence: receivePresence(stanza)
        case .message: receiveMessage(stanza)
        case .iq: stanza.isRequest ? answer(stanza) : receiveAnswer(stanza)
        }
    }

    private mutating func receivePresence(_ stanza: Stanza) -> Delivery {
        guard let from = stanza.from, from.bare != account?.bare || from.resource == "agent",
            tracker.knows(from), tracker.receive(stanza)
        else { return Delivery() }
        if tracker.isAgent(from) { hosts.insert(from.bare) }
        guard hosts.contains(from.bare) else { return Delivery() }
        // Where the fleet service said it, only the agent itself knows better.
        if service.isSubscribed, directory.places(from.bare), !tracker.isAgent(from) {
            return Delivery()
        }
        return appeared(from.bare)
    }

    /// Tells what is known of a host's presence, and asks for its log where that is needed.
    private mutating func appeared(_ host: JID) -> Delivery {
        let isAvailable = tracker.isAvailable(host)
        return Delivery(
            messages: [.presence(host, isAvailable ? .available : .unavailable)],
            stanzas: askForLogs(of: [host])
        )
    }

    /// Asks those hosts for their log that are there, where nobody else tells it: a server without
    /// our features keeps the last item alone.
    mutating func askForLogs(of hosts: Set<JID>) -> [Stanza] {
        guard isOurServer == false, announced == .accounts else { return [] }
        return hosts.filter { tracker.isAvailable($0) && asked.insert($0).inserted }
            .map { requests.askForEvents(of: $0) }
    }

    private mutating func receiveMessage(_ stanza: Stanza) -> Delivery {
        if let result = stanza.payload("result", ArchiveQuery.namespace) {
            ArchiveResult(result).map { archive.take($0, from: stanza.from) }
            return Delivery()
        }
        if let from = stanza.from, from == service.service?.jid { return receiveFleet(stanza) }
        // XEP-0163 §4.3.1: an event is from the account that published, never from a session of it.
        guard !stanza.isError, let from = stanza.from, from.isBare, tracker.knows(from),
            let event = stanza.payload("event", Namespace.pubsubEvent)
        else { return Delivery() }
        let news = Publication.read(event, from: from, sent: Delay.stamp(of: stanza))
        guard !news.isEmpty else { return Delivery() }
        var delivery = Delivery()
        if hosts.insert(from).inserted {
            // Without presence so far, it is still to come: that is not the same as being gone.
            delivery =
                tracker.isAvailable(from) ? appeared(from) : Delivery(messages: [.listed(from)])
        }
        delivery.messages += news
        return delivery
    }
}

// MARK: - Answers to us

extension Inbox {
    private mutating func receiveAnswer(_ stanza: Stanza) -> Delivery {
        guard let purpose = requests.settle(stanza, account: account) else { return Delivery() }
        switch purpose {
        case .roster:
            hasRoster = true
            guard let query = stanza.payload("query", Namespace.roster) else { return Delivery() }
            return list(query)
        case .server: return learnServer(stanza)
        case .components, .component, .subscription, .fleetEvents:
            return receiveAnswer(stanza, to: purpose)
        case .account(let host): return learnAccount(host, stanza)
        case .history(let id): return finishHistory(id, stanza)
        case .events(let host):
            guard let pubsub = stanza.payload("pubsub", Namespace.pubsub) else {
                return Delivery()
            }
            return Delivery(messages: Publication.read(pubsub, from: host, sent: nil))
        }
    }

    private mutating func learnServer(_ stanza: Stanza) -> Delivery {
        let info = stanza.payload("query", Namespace.discoInfo).flatMap { DiscoInfo($0) }
        isOurServer = info?.features.contains { $0.hasPrefix(Namespace.lapwing) } ?? false
        serverHasHistory = info?.features.contains(FleetService.history) ?? false
        return Delivery(stanzas: askForLogs(of: hosts) + askArchives())
    }

    private mutating func list(_ query: Element) -> Delivery {
        var delivery = Delivery()
        for item in query.elements where item.matches("item", Namespace.roster) {
            guard let text = item["jid"], let jid = try? JID(text), jid.isBare else { continue }
            switch item["subscription"] {
            case "remove":
                tracker.unlist(jid)
                if hosts.remove(jid) != nil { delivery.messages.append(.unlisted(jid)) }
            case "to", "both", "from":
                tracker.list(jid)
                let groups = item.elements.filter { $0.matches("group", Namespace.roster) }
                guard groups.contains(where: { $0.text == Self.hostGroup }),
                    hosts.count < Fleet.maximumHosts
                else { continue }
                hosts.insert(jid)
                delivery.messages.append(.listed(jid))
            default: continue
            }
        }
        return delivery
    }
}

// MARK: - Requests to us

extension Inbox {
    private mutating func answer(_ request: Stanza) -> Delivery {
        guard let payload = request.payload, isEntitled(request.from) else {
            return Delivery(stanzas: [request.failure(StanzaError(.serviceUnavailable))])
        }
        if request.type == "set", payload.matches("query", Namespace.roster) {
            // RFC 6121 §2.1.6: a push counts only from our own account.
            guard request.from == nil || request.from == account?.bare else {
                return Delivery(stanzas: [request.failure(StanzaError(.serviceUnavailable))])
            }
            var delivery = list(payload)
            delivery.stanzas.append(request.result())
            return delivery
        }
        guard request.type == "get", payload.matches("query", Namespace.discoInfo) else {
            return Delivery(stanzas: [request.failure(StanzaError(.serviceUnavailable))])
        }
        let node = payload["node"]
        let interest =
            node == nil
            ? announced ?? .service
            : Interest.allCases.first { $0.capabilities?.discoNode == node }
        guard var info = interest?.info else {
            return Delivery(stanzas: [request.failure(StanzaError(.itemNotFound))])
        }
        info.node = node
        return Delivery(stanzas: [request.result(info.element)])
    }

    /// Strangers are told nothing, not even that somebody is here (XEP-0030 §8).
    private func isEntitled(_ sender: JID?) -> Bool {
        guard let sender, let account else { return true }
        return sender.bare == account.bare || sender.bare.description == account.domain
            || tracker.knows(sender)
    }
}
