package import XMPP

// Requests to subscribe that wait for an owner (XEP-0060 §6.1.4, §8.6).
extension PubSubService {
    static let approvalFormType = Namespace.pubsub + "#subscribe_authorization"

    /// Whether a message is an owner's answer to a request for approval.
    package static func isApproval(_ message: Stanza) -> Bool {
        guard message.kind == .message, !message.isError,
            let x = message.payload("x", Namespace.dataForms), let form = DataForm(x)
        else { return false }
        return form.formType == approvalFormType && form.kind != .form
    }

    /// The form that asks every owner (XEP-0060 §12.13: the first answer decides).
    mutating func askOwners(
        about record: SubscriptionRecord,
        on name: String
    ) -> [PubSubEffect] {
        guard let asked = nodes[name].map(owners(of:)) else { return [] }
        return hearers(of: asked, cause: record.jid).map { ask($0, about: record, on: name) }
    }

    /// The form that asks one.
    func ask(_ owner: JID, about record: SubscriptionRecord, on name: String) -> PubSubEffect {
        let form = DataForm(
            .form,
            formType: Self.approvalFormType,
            title: "A request to subscribe",
            fields: [
                .init("pubsub#subid", type: .hidden, values: [record.id]),
                .init("pubsub#node", type: .textSingle, label: "The node", values: [name]),
                .init(
                    "pubsub#subscriber_jid",
                    type: .jidSingle,
                    label: "Who wants to subscribe",
                    values: [record.jid.description]
                ),
                .init(
                    "pubsub#allow",
                    type: .boolean,
                    label: "Whether to allow it",
                    values: ["0"]
                ),
            ]
        )
        let message = Stanza(
            .message,
            id: "approve-" + record.id,
            from: self.owner,
            to: owner,
            [form.element]
        )
        return .send(message)
    }

    /// Takes an owner's answer.
    ///
    /// - Throws: what is to go back as an error; nothing has changed then.
    package mutating func receive(
        message: Stanza,
        from: JID,
        relation: (JID) -> Relation,
        at now: Instant
    ) throws(StanzaError) -> [PubSubEffect] {
        guard let form = message.payload("x", Namespace.dataForms).flatMap(DataForm.init),
            form.formType == Self.approvalFormType
        else { throw StanzaError(.serviceUnavailable) }
        time = now
        // XEP-0060 §8.6: who cancels leaves the request where it is.
        guard form.kind != .cancel else { return [] }
        let name = try managed(form, from, relation(from)).name
        let isAllowed = try Self.answer(form)
        let record = try pending(form, on: node(named: name))
        let effects = isAllowed ? approve(record, on: name) : cancel(record, on: name)
        return effects + announcement()
    }

    /// The node that an answer is about, for who may manage it.
    private func managed(
        _ form: DataForm,
        _ jid: JID,
        _ relation: Relation
    ) throws(StanzaError) -> Node {
        let node = try node(named: form["pubsub#node"]?.first)
        let affiliation = node.affiliation(of: jid, relation)
        guard affiliation.permissions.contains(.manage) else { throw StanzaError(.forbidden) }
        return node
    }

    private static func answer(_ form: DataForm) throws(StanzaError) -> Bool {
        switch form["pubsub#allow"] {
        case ["1"], ["true"]: return true
        case ["0"], ["false"]: return false
        default:
            throw StanzaError(.badRequest, text: "pubsub#allow says whether to allow it: 1 or 0")
        }
    }

    /// The request that an answer is to.
    private func pending(
        _ form: DataForm,
        on node: Node
    ) throws(StanzaError) -> SubscriptionRecord {
        let jid = form["pubsub#subscriber_jid"]?.first.flatMap { try? JID($0) }
        if let id = form["pubsub#subid"]?.first {
            if let record = node.subscriptions[id], record.state == .pending,
                jid == nil || jid == record.jid
            {
                return record
            }
        } else if let jid {
            let waiting = node.subscriptions.of(address: jid).filter { $0.state == .pending }
            if let record = waiting.first, waiting.count == 1 { return record }
        }
        throw StanzaError(.itemNotFound, text: "no such request waits for an answer")
    }

    /// The request is granted: the subscriber is told, and gets what it waited for.
    mutating func approve(_ record: SubscriptionRecord, on name: String) -> [PubSubEffect] {
        var approved = record
        approved.state = .subscribed
        var effects = save(approved, on: name)
        effects.append(tell(approved, as: approved.state.rawValue, on: name))
        return effects + welcome(approved, on: name)
    }

    /// What comes to who is subscribed by an owner: a subscription may let in to the node, and then
    /// sessions that ask for it are told as such.
    mutating func welcome(_ record: SubscriptionRecord, on name: String) -> [PubSubEffect] {
        let notified = enrol(interested.sessions(of: record.jid), on: name)
        guard notified.isEmpty else {
            return notified + tellOwners(of: record, as: record.state.rawValue, on: name)
        }
        return begun(record, on: name, asked: record.jid)
    }

    /// Some may have a node now that could not, and some can't any more, all or one entity: by the
    /// configuration, by an affiliation or by what they are to the owner (XEP-0060 §8.7, §12.14).
    ///
    /// What others are to an owner a service does not know but of who asks: while the access model
    /// is as it was in `before`, those whom it let in by that stay.
    mutating func accessChanged(
        of name: String,
        for entity: JID? = nil,
        since before: NodeConfiguration? = nil,
        relation: (JID) -> Relation
    ) -> [PubSubEffect] {
        // Judged first, so that no copy of the node is held while it changes.
        let verdict = judge(name, for: entity, since: before, relation)
        for jid in verdict.dismissed { nodes[name]?.stopNotifying(jid) }
        var effects: [PubSubEffect] = []
        for record in verdict.records {
            effects +=
                verdict.approved.contains(record.id)
                ? approve(record, on: name) : cancel(record, on: name)
        }
        return effects + enrol(verdict.sessions, on: name)
    }

    /// What becomes of sessions and subscriptions when others may have a node.
    private struct Verdict {
        /// Sessions that may be told from now on, where they ask for it.
        var sessions: [JID] = []
        /// Sessions that are not told any more.
        var dismissed: [JID] = []
        /// Subscriptions that end, or wait no more.
        var records: [SubscriptionRecord] = []
        /// The ids of those that wait no more.
        var approved: Set<String> = []
    }

    private func judge(
        _ name: String,
        for entity: JID?,
        since before: NodeConfiguration?,
        _ relation: (JID) -> Relation
    ) -> Verdict {
        var verdict = Verdict()
        guard let node = nodes[name] else { return verdict }
        let isKept =
            profile.kind == .shared && node.configuration.dependsOnRoster
            && before?.hasAccess(of: node.configuration) == true
        func isJudged(_ jid: JID) -> Bool { !isKept || node.affiliations[jid.bare] != nil }
        verdict.sessions = (entity.map { interested.sessions(of: $0) } ?? Array(interested.keys))
            .filter(isJudged)
        verdict.dismissed = verdict.sessions.filter {
            node.audience[$0] != nil && !admits($0, relation($0), to: node)
        }
        let records = entity.map { node.subscriptions.of(entity: $0) } ?? node.subscriptions.sorted
        for record in records where isJudged(record.jid) {
            let relation = relation(record.jid)
            if !maySubscribe(record.jid, relation, to: node) {
                verdict.records.append(record)
            } else if record.state == .pending, admits(record.jid, relation, to: node) {
                verdict.records.append(record)
                verdict.approved.insert(record.id)
            }
        }
        return verdict
    }

    /// Whether the entity may have a subscription, be it one that waits.
    private func maySubscribe(_ jid: JID, _ relation: Relation, to node: Node) -> Bool {
        let waits = fleetAccess == nil && node.configuration.accessModel == .authorize
        guard waits else { return admits(jid, relation, to: node) }
        return node.affiliation(of: jid, relation).permissions.contains(.subscribe)
    }

    // MARK: Word of what has become of a subscription (XEP-0060 §12.14)

    /// Tells the subscriber, at the address that subscribed.
    func tell(
        _ record: SubscriptionRecord,
        as state: String,
        on name: String,
        expiry: Instant? = nil
    ) -> PubSubEffect {
        var subscription = record.element(on: name, in: Namespace.pubsubEvent)
        subscription["subscription"] = state
        subscription["expiry"] = expiry?.dateTime
        return .send(word(subscription, to: record.jid))
    }

    /// Tells the owners where they want to know (XEP-0060 §16.4.4, `notify_sub`); not of their own.
    mutating func tellOwners(
        of record: SubscriptionRecord,
        as state: String,
        on name: String
    ) -> [PubSubEffect] {
        guard let node = nodes[name], node.configuration.notifiesSubscription else { return [] }
        var subscription = record.element(on: name, in: Namespace.pubsubEvent)
        subscription["subscription"] = state
        let others = owners(of: node).filter { $0 != record.jid.bare }
        return hearers(of: others, cause: record.jid).map { .send(word(subscription, to: $0)) }
    }

    private func word(_ subscription: Element, to jid: JID) -> Stanza {
        let event = Element("event", Namespace.pubsubEvent, [subscription])
        let id = "subscription-" + (subscription["subid"] ?? "")
        return Stanza(.message, id: id, from: owner, to: jid, [event])
    }

    /// The bare addresses of those who own a node.
    func owners(of node: Node) -> [JID] {
        guard profile.kind != .personal else { return [owner] }
        return node.affiliations.owners
    }
}

extension NodeConfiguration {
    /// Whether the roster of an owner says who is let in.
    fileprivate var dependsOnRoster: Bool { accessModel == .presence || accessModel == .roster }

    /// Whether both let in the same.
    fileprivate func hasAccess(of other: Self) -> Bool {
        accessModel == other.accessModel && rosterGroups == other.rosterGroups
    }
}
