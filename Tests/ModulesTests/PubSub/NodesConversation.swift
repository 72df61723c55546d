import XMPP

@testable import Modules

/// The nodes of one owner, with the test as their host and as the store.
struct NodesConversation {
    static let owner = JID(normalizedLocal: "host", domain: "example.org")
    static let agent = "host@example.org/agent"

    var service: PubSubService
    var relations: [JID: Relation] = [owner: Relation(isOwner: true)]
    var now = Instant(milliseconds: 1_700_000_000_000)
    private var sessions: UInt64 = 0

    init(
        limits: PubSubLimits = PubSubLimits(),
        nodes: [NodeRecord] = [],
        profile: PubSubService.Profile? = nil
    ) {
        service = PubSubService(
            owner: Self.owner,
            profile: profile ?? .pep(limits: limits),
            nodes: nodes
        )
    }

    /// What a request led to.
    struct Outcome {
        var reply: Stanza?
        /// As in `auth forbidden` or `cancel conflict precondition-not-met`.
        var error: String?
        var changes: [PubSubChange] = []
        var durabilities: [Durability] = []
        var notifications: [Notification] = []
        var loads: [LoadRequest] = []
        var wakes: [Instant] = []
        var sent: [Stanza] = []
        var watched: [JID] = []
        /// How often the fleet service would be told.
        var mirrored = 0

        /// `contact@example.org/top: node item 1`, sorted.
        var told: [String] {
            notifications.flatMap { notification in
                notification.recipients.map { "\($0.jid): \(notification.event.summary)" }
            }.sorted()
        }

        /// The subscription in a reply: its id, and what it has come to.
        var subscriptionID: String? { reply?.payload?.child("subscription")?["subid"] }
        var state: String? { reply?.payload?.child("subscription")?["subscription"] }

        /// What is sent of subscriptions, as in `v@example.org: n v@example.org subscribed`.
        var word: [String] {
            sent.compactMap { stanza in
                let event = stanza.payload("event", Namespace.pubsubEvent)
                guard let to = stanza.to, let word = event?.child("subscription") else {
                    return nil
                }
                let said = [word["node"], word["jid"], word["subscription"], word["expiry"]]
                return "\(to): " + said.compactMap { $0 }.joined(separator: " ")
            }.sorted()
        }

        /// The ids of the items in a reply.
        var items: [String] {
            reply?.payload?.elements.first?.elements.compactMap { $0["id"] } ?? []
        }
    }

    /// What is stored with a node that the owner makes.
    var origin: [String: [String]] { NodeOrigin(creation: now, creator: Self.owner).stored }

    mutating func set(_ content: String, from: String = agent) throws -> Outcome {
        try ask("set", content, from: from)
    }

    mutating func get(_ content: String, from: String = agent) throws -> Outcome {
        try ask("get", content, from: from)
    }

    /// `content` is what stands in `<pubsub/>`; that of the owner's namespace begins with `#`.
    private mutating func ask(
        _ type: String,
        _ content: String,
        from: String
    ) throws -> Outcome {
        let isOwners = content.hasPrefix("#")
        let namespace = isOwners ? Namespace.pubsubOwner : Namespace.pubsub
        let markup = "<pubsub xmlns='\(namespace)'>\(content.drop { $0 == "#" })</pubsub>"
        let payload = try Element(parsing: Array(markup.utf8))
        let from = try JID(from)
        let iq = Stanza(.iq, type: type, id: "q", from: from, to: Self.owner, [payload])
        let relations = relations
        do throws(StanzaError) {
            // First, as the service is to be held by nobody else while it changes.
            let effects = try service.receive(
                iq,
                from: from,
                relation: { relations[$0.bare] ?? Relation() },
                at: now
            )
            return outcome(of: effects)
        } catch {
            return Outcome(error: error.summary)
        }
    }

    func outcome(of effects: [PubSubEffect]) -> Outcome {
        var outcome = Outcome()
        for effect in effects {
            switch effect {
            case .store(let change, let durability):
                outcome.changes.append(change)
                outcome.durabilities.append(durability)
            case .reply(let stanza):
                outcome.reply = stanza
                outcome.error = stanza.error?.summary
            case .notify(let notification): outcome.notifications.append(notification)
            case .load(let request): outcome.loads.append(request)
            case .wake(let time): outcome.wakes.append(time)
            case .send(let stanza): outcome.sent.append(stanza)
            case .watch(let account): outcome.watched.append(account)
            case .mirror: outcome.mirrored += 1
            }
        }
        return outcome
    }

    // MARK: What is said often

    mutating func publish(
        _ node: String,
        _ id: String? = nil,
        _ payload: String = "<a xmlns='urn:a'/>",
        options: [String: String]? = nil,
        from: String = agent
    ) throws -> Outcome {
        let id = id.map { " id='\($0)'" } ?? ""
        var content = "<publish node='\(node)'><item\(id)>\(payload)</item></publish>"
        if let options {
            content +=
                "<publish-options>"
                + Self.form(Namespace.pubsub + "#publish-options", options) + "</publish-options>"
        }
        return try set(content, from: from)
    }

    mutating func create(_ node: String, _ fields: [String: String] = [:]) throws -> Outcome {
        try set(
            "<create node='\(node)'/><configure>"
                + Self.form(Namespace.pubsub + "#node_config", fields) + "</configure>"
        )
    }

    mutating func configure(_ node: String, _ fields: [String: String]) throws -> Outcome {
        let form = Self.form(Namespace.pubsub + "#node_config", fields)
        return try set("#<configure node='\(node)'>\(form)</configure>")
    }

    /// The ids of all items, those too for which the store has to be asked.
    mutating func items(of node: String) throws -> [String] {
        var outcome = try get("<items node='\(node)'/>")
        for request in outcome.loads {
            let payloads = Dictionary(uniqueKeysWithValues: request.items.map { ($0, [UInt8]()) })
            outcome = self.outcome(of: service.loaded(request.answered(payloads), at: now))
        }
        return outcome.items
    }

    /// Subscribes the bare address, with options in the form where any are given.
    mutating func subscribe(
        _ jid: String,
        _ node: String,
        _ options: [String: String]? = nil
    ) throws -> Outcome {
        let options = options.map { "<options>\(Self.optionsForm($0))</options>" } ?? ""
        let subscribe = "<subscribe node='\(node)' jid='\(try JID(jid).bare)'/>"
        return try set(subscribe + options, from: jid)
    }

    /// Sets options of the bare address's subscription, of the one of that id where it is given.
    mutating func setOptions(
        _ jid: String,
        _ node: String,
        _ options: [String: String],
        id: String? = nil
    ) throws -> Outcome {
        let id = id.map { " subid='\($0)'" } ?? ""
        let attributes = "node='\(node)' jid='\(try JID(jid).bare)'" + id
        return try set("<options \(attributes)>\(Self.optionsForm(options))</options>", from: jid)
    }

    static func optionsForm(_ fields: [String: String]) -> String {
        form(Namespace.pubsub + "#subscribe_options", fields)
    }

    /// A message to the owner of the nodes, as an owner's answer to a form.
    mutating func tell(
        _ content: String,
        type: String? = nil,
        id: String = "m",
        from: String
    ) throws -> Outcome {
        let payload = try Element(parsing: Array(content.utf8))
        let from = try JID(from)
        let message = Stanza(.message, type: type, id: id, from: from, to: Self.owner, [payload])
        if type == "error" { return outcome(of: service.bounced(message, from: from)) }
        let relations = relations
        do throws(StanzaError) {
            return outcome(
                of: try service.receive(
                    message: message,
                    from: from,
                    relation: { relations[$0.bare] ?? Relation() },
                    at: now
                )
            )
        } catch {
            return Outcome(error: error.summary)
        }
    }

    /// Moves the clock, and wakes the service.
    mutating func wait(_ duration: Duration) -> Outcome {
        now = now + duration
        return outcome(of: service.woke(at: now))
    }

    mutating func leave(_ jid: String) throws -> Outcome {
        outcome(of: service.unavailable(try JID(jid)))
    }

    mutating func affiliate(_ jid: String, _ node: String, _ what: String) throws -> Outcome {
        try set(
            "#<affiliations node='\(node)'><affiliation jid='\(jid)' affiliation='\(what)'/>"
                + "</affiliations>"
        )
    }

    /// Somebody who gets the owner's presence comes, and wants notifications.
    mutating func arrive(
        _ jid: String,
        wanting nodes: [String] = [],
        groups: Set<String> = [],
        show: Show = .online,
        since: Instant? = nil
    ) throws -> Outcome {
        let jid = try JID(jid)
        let relation =
            relations[jid.bare] ?? Relation(presenceAuthorized: true, rosterGroups: groups)
        relations[jid.bare] = relation
        sessions += 1
        return outcome(
            of: service.available(
                Recipient(jid: jid, session: SessionID(rawValue: sessions)),
                relation: relation,
                notify: NotifySet(features: nodes.map { $0 + "+notify" }),
                show: show,
                since: since,
                at: now
            )
        )
    }

    /// Somebody who is there says how available.
    mutating func show(_ jid: String, _ show: Show) throws -> Outcome {
        guard let entry = service.interested[try JID(jid)] else { return Outcome() }
        return outcome(
            of: service.available(
                entry.recipient,
                relation: entry.relation,
                notify: nil,
                show: show,
                at: now
            )
        )
    }

    mutating func change(_ jid: String, to relation: Relation) throws -> Outcome {
        let jid = try JID(jid)
        relations[jid] = relation
        return outcome(of: service.relationChanged(of: jid, to: relation))
    }

    static func form(_ type: String, _ fields: [String: String]) -> String {
        let answers = fields.sorted { $0.key < $1.key }.map {
            let name = $0.key.hasPrefix("{") ? $0.key : "pubsub#" + $0.key
            let values = $0.value.split(separator: "|").map { "<value>\($0)</value>" }
            return "<field var='\(name)'>\(values.joined())</field>"
        }
        return "<x xmlns='jabber:x:data' type='submit'>"
            + "<field var='FORM_TYPE' type='hidden'><value>\(type)</value></field>"
            + answers.joined() + "</x>"
    }
}

extension StanzaError {
    /// Kind, condition and pubsub's own condition.
    var summary: String {
        [kind.rawValue, condition.rawValue, detail?.name, detail?["feature"]]
            .compactMap { $0 }.joined(separator: " ")
    }
}

extension PubSubEvent {
    /// The node, what happened, and whether it comes late.
    var summary: String {
        let what =
            switch kind {
            case .item(let item): item.map { "item \($0.id)" } ?? "event"
            case .items(let items): "items \(items.map(\.id).joined(separator: " "))"
            case .retract(let id): "retract \(id)"
            case .purge: "purge"
            case .delete(let redirect): redirect.map { "delete to \($0)" } ?? "delete"
            case .configuration: "configuration"
            case .create: "create"
            case .associate(let child, _): "associate \(child)"
            case .dissociate(let child): "dissociate \(child)"
            }
        return "\(node) \(what)" + (stamp == nil ? "" : " late")
    }
}

extension Notification {
    /// The message to one recipient as it goes over the wire.
    func written(to recipient: Recipient) -> [UInt8] {
        bytes.head + Array(recipient.jid.description.utf8) + bytes.body + recipient.headers
            + EventBytes.end
    }

    func stanza(to jid: JID) -> Stanza {
        stanza(to: Recipient(jid: jid, session: nil))
    }
}
