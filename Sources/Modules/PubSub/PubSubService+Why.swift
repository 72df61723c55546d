import Filter
package import XMPP

// Why somebody would or would not get a node's current item, for an operator who was asked.
extension PubSubService {
    /// All that decides it, and the verdict at the end.
    package func why(
        _ jid: JID,
        _ name: String,
        relation: Relation,
        at now: Instant
    ) -> [Finding] {
        guard let node = nodes[name] else {
            let isPattern = patterns[name] != nil
            return [
                Finding(
                    "node",
                    isPattern ? "\(name) is a pattern: ask for a node" : "there is no node \(name)"
                ),
                Finding("verdict", "no: there is nothing to get"),
            ]
        }
        var findings: [Finding] = []
        let isAdmitted = explainAccess(of: jid, relation, to: node, &findings)
        let item = explainItem(of: node, &findings)
        var isTold = explainSubscriptions(of: jid, to: node, item, at: now, &findings)
        if explainPresence(of: jid, on: node, &findings) { isTold = true }
        findings.append(
            Finding("verdict", verdict(isAdmitted, isTold, hasItem: item != nil, node))
        )
        return findings
    }

    private func verdict(
        _ isAdmitted: Bool,
        _ isTold: Bool,
        hasItem: Bool,
        _ node: Node
    ) -> String {
        if !isAdmitted { return "no: it may not have the node" }
        if !node.configuration.deliversNotifications { return "no: the node notifies nobody" }
        if !hasItem { return "no: there is no item" }
        return isTold ? "yes" : "no: nothing above asks for the item as it is now"
    }

    // MARK: What decides

    private func explainAccess(
        of jid: JID,
        _ relation: Relation,
        to node: Node,
        _ findings: inout [Finding]
    ) -> Bool {
        findings.append(
            Finding("affiliation", node.affiliation(of: jid, relation).rawValue)
        )
        if let fleetAccess {
            let isEntitled =
                node.host.map { fleetAccess.admits(jid, to: $0) } ?? fleetAccess.admitsToAny(jid)
            let of = node.host.map { "\($0)" } ?? "any host"
            findings.append(
                Finding("entitlement", "\(isEntitled ? "may" : "may not") know of \(of)")
            )
            return isEntitled
        }
        let model = node.configuration.accessModel.rawValue
        do throws(StanzaError) {
            try admit(jid, relation, to: node)
            findings.append(Finding("access", "let in; the access model is \(model)"))
            return true
        } catch {
            let detail = error.detail?.name ?? error.condition.rawValue
            findings.append(
                Finding("access", "kept out (\(detail)); the access model is \(model)")
            )
            return false
        }
    }

    private func explainItem(of node: Node, _ findings: inout [Finding]) -> ItemLog.Item? {
        guard let item = node.items.newest else {
            findings.append(Finding("item", "none"))
            return nil
        }
        let place = item.payload == .stored ? "; its payload is in the store, not in memory" : ""
        findings.append(
            Finding("item", "\(item.id), published \(item.published.dateTime)\(place)")
        )
        return item
    }

    private func explainSubscriptions(
        of jid: JID,
        to node: Node,
        _ item: ItemLog.Item?,
        at now: Instant,
        _ findings: inout [Finding]
    ) -> Bool {
        var isTold = false
        var count = 0
        for (holder, way) in holders(of: node) {
            for record in holder.subscriptions.of(entity: jid)
            where jid.isBare || record.jid.isBare || record.jid == jid {
                count += 1
                let isOwn = if case .itself = way { true } else { false }
                let place = isOwn ? "" : " to \(holder.name.isEmpty ? "the root" : holder.name)"
                findings.append(
                    Finding(
                        "subscription \(record.id)",
                        "\(record.state.rawValue), \(record.jid)\(place)"
                    )
                )
                let coverage = DeliveryPlan.Coverage(
                    record: record,
                    holder: holder.name,
                    way: way,
                    selector: holder.subscriptions.selector(record.id)
                )
                if explain(coverage, on: node, item, at: now, &findings) { isTold = true }
            }
        }
        if count == 0 { findings.append(Finding("subscription", "none")) }
        return isTold
    }

    /// Whether a subscription would be told of the item.
    private func explain(
        _ coverage: DeliveryPlan.Coverage,
        on node: Node,
        _ item: ItemLog.Item?,
        at now: Instant,
        _ findings: inout [Finding]
    ) -> Bool {
        let record = coverage.record
        for (name, values) in record.storedOptions.sorted(by: { $0.key < $1.key }) {
            findings.append(Finding("  \(name)", values.joined(separator: ", ")))
        }
        var obstacles: [String] = []
        if record.state != .subscribed { obstacles.append("it is \(record.state.rawValue)") }
        if !record.options.delivers { obstacles.append("deliver is off") }
        if !record.options.cover(.items, coverage.way) {
            obstacles.append("its type or depth leaves the node's items out")
        }
        if !isHeard(record, on: node.configuration) {
            obstacles.append("its presence is not such as it asks for")
        }
        if !record.options.isPlain, let item {
            obstacles += explainSelection(coverage, on: node, item, at: now, &findings)
        }
        let text = obstacles.isEmpty ? "would be told" : obstacles.joined(separator: "; ")
        findings.append(Finding("  so", text))
        return obstacles.isEmpty
    }

    /// What of a subscription's options keeps the item back.
    private func explainSelection(
        _ coverage: DeliveryPlan.Coverage,
        on node: Node,
        _ item: ItemLog.Item,
        at now: Instant,
        _ findings: inout [Finding]
    ) -> [String] {
        guard let selector = coverage.selector else { return ["its options can't be read"] }
        var obstacles: [String] = []
        let event = publication(of: item.record, on: node.name)
        let fields = ItemFields(event, owner: owner, publisher: item.publisher)
        if let filter = selector.filter {
            for field in filter.fields { findings.append(fields.finding(field)) }
            for (term, truth) in filter.explain(fields) {
                findings.append(Finding("  \(term)", "\(truth)"))
            }
            let truth = filter.evaluate(fields)
            findings.append(Finding("  filter", "\(truth)"))
            let isMatch = truth == .yes
            if selector.change == .leave {
                obstacles.append("it is told only of what ceases to match")
            } else if !isMatch {
                obstacles.append("the filter does not match")
            }
        }
        if isQuiet(selector, fields, at: now) {
            obstacles.append("it is a quiet time, and the item is not critical")
        }
        let key = SelectionBook.ItemKey(node: node.name, item: item.id)
        let trace = selections.trace(key, coverage.record.id)
        if trace?.wasSent == true { findings.append(Finding("  sent", "an item of this id")) }
        if let held = trace?.held {
            findings.append(Finding("  waiting", "until \(held.due.dateTime)"))
        }
        for (field, number) in (trace?.numbers ?? [:]).sorted(by: { "\($0.key)" < "\($1.key)" }) {
            findings.append(Finding("  last sent \(field)", "\(number)"))
        }
        return obstacles
    }

    private func explainPresence(
        of jid: JID,
        on node: Node,
        _ findings: inout [Finding]
    ) -> Bool {
        let sessions = interested.sessions(of: jid).filter { jid.isBare || $0 == jid }
            .compactMap { interested[$0] }
            .sorted { "\($0.recipient.jid)" < "\($1.recipient.jid)" }
        if sessions.isEmpty {
            findings.append(Finding("presence", "no session is known to be there"))
        }
        var isTold = false
        for session in sessions {
            let jid = session.recipient.jid
            let text: String
            if node.audience[jid] == nil {
                let asks = session.notify.nodes.contains(node.name)
                text = asks ? "asks by +notify, and is not let in" : "does not ask by +notify"
            } else if isGoverned(jid, on: node) {
                text = "asks by +notify; a subscription with options stands in its place"
            } else {
                text = "asks by +notify"
                isTold = true
            }
            findings.append(Finding("session \(jid)", text))
        }
        return isTold
    }
}

extension ItemFields {
    /// What the item has in a field.
    fileprivate func finding(_ field: Field) -> Finding {
        let values = field.isAny ? values(of: field) : value(of: field).map { [$0] } ?? []
        let text = values.isEmpty ? "unknown" : values.map(\.description).joined(separator: ", ")
        return Finding("  \(field)", text)
    }
}

extension AccountShard {
    /// Why somebody would or would not get the current item of a node of an account or a service;
    /// nil where neither is here.
    package func why(_ jid: JID, _ node: String, owner: JID, at now: Instant) -> [Finding]? {
        if let service = services[owner] {
            let relation = service.relation(of: jid, in: world)
            return service.why(jid, node, relation: relation, at: now)
        }
        guard let account = accounts[owner] else { return nil }
        let relation = account.relation(of: jid, in: world.groups)
        return account.pep.why(jid, node, relation: relation, at: now)
    }
}
