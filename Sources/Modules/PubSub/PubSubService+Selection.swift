import Filter
import XMPP

// What those get whose subscriptions look at the item first (docs/protocol.md, filters).
extension PubSubService {
    /// What becomes of an event for a subscription.
    private enum Verdict {
        case never, now
        case later(Instant)
    }

    mutating func select(
        _ event: PubSubEvent,
        _ plan: DeliveryPlan,
        about host: JID?
    ) -> [PubSubEffect] {
        switch event.kind {
        case .item: return offer(event, plan, about: host)
        case .retract(let id):
            let key = SelectionBook.ItemKey(node: event.node, item: id)
            let effects = tellEnd(event, to: knowing(key, plan), plan)
            selections.removeItem(key)
            return effects
        case .purge:
            let known = selections.wereSentAny(of: event.node)
            let told = plan.places.keys.filter {
                known.contains($0) || selections.forgetful.contains($0)
            }
            let effects = tellEnd(event, to: Set(told), plan)
            selections.removeItems(of: event.node)
            return effects
        case .delete:
            selections.removeItems(of: event.node)
            return [notice(event, to: plan.conditional.map(\.recipient))]
        case .configuration, .items, .create, .associate, .dissociate:
            return [notice(event, to: plan.conditional.map(\.recipient))]
        }
    }

    private mutating func notice(
        _ event: PubSubEvent,
        to recipients: [Recipient]
    ) -> PubSubEffect {
        let type = nodes[event.node]?.configuration.notificationType
        return .notify(
            notification(event, type ?? profile.defaults.notificationType, to: recipients)
        )
    }

    mutating func notices<Key>(of mailing: Mailing<Key>) -> [PubSubEffect] {
        mailing.letters.map { notice($0.event, to: $0.recipients) }
    }

    // MARK: The end of items

    /// Tells those of a plan alone that an item is gone: to others it is still there.
    mutating func selectEnd(
        of item: String,
        _ event: PubSubEvent,
        _ plan: DeliveryPlan
    ) -> [PubSubEffect] {
        guard !plan.conditional.isEmpty else { return [] }
        let key = SelectionBook.ItemKey(node: event.node, item: item)
        let effects = tellEnd(event, to: knowing(key, plan), plan)
        for subscription in plan.places.keys { selections.removeItem(key, of: subscription) }
        return effects
    }

    /// The subscriptions that learn of the end of an item: those that were sent it, and those that
    /// are told when one leaves.
    private func knowing(_ key: SelectionBook.ItemKey, _ plan: DeliveryPlan) -> Set<String> {
        // Of those that the plan knows: there may be many more that other nodes' items go to.
        var ids = Set(plan.places.keys.lazy.filter(selections.forgetful.contains))
        for (id, trace) in selections.traces(of: key) {
            let tells = trace.matches && plan.coverage(id)?.selector?.tellsLeaving == true
            if trace.wasSent || tells { ids.insert(id) }
        }
        return ids
    }

    private mutating func tellEnd(
        _ event: PubSubEvent,
        to subscriptions: Set<String>,
        _ plan: DeliveryPlan
    ) -> [PubSubEffect] {
        var places = Set(plan.unfiltered)
        for id in subscriptions { if let place = plan.places[id] { places.insert(place) } }
        var recipients: [Recipient] = []
        for place in places.sorted() {
            let subscriber = plan.conditional[place]
            let told = subscriber.subscriptions.filter {
                $0.record.options.isPlain || subscriptions.contains($0.record.id)
            }
            if !told.isEmpty { recipients.append(subscriber.recipient(for: told)) }
        }
        return recipients.isEmpty ? [] : [notice(event, to: recipients)]
    }

    // MARK: Items

    private mutating func offer(
        _ event: PubSubEvent,
        _ plan: DeliveryPlan,
        about host: JID?
    ) -> [PubSubEffect] {
        let publisher = event.itemKey.flatMap { nodes[$0.node]?.items[$0.item]?.publisher }
        let fields = ItemFields(event, owner: owner, publisher: publisher ?? host)
        let found = matching(fields, plan)
        var renderings = Renderings(event, fields)
        var mailing = Mailing<Renderings.Form>()
        for place in places(found, event, plan) {
            let subscriber = plan.conditional[place]
            let own = found[place] ?? []
            // XEP-0060 §12.7: where one of several wants a text, all have it.
            let hasText = subscriber.subscriptions.contains { $0.record.options.includesBody }
            var told: [(payload: Int, coverages: [DeliveryPlan.Coverage])] = []
            for coverage in subscriber.subscriptions {
                let isFound = own.contains(coverage.record.id)
                let verdict = judge(coverage, isFound, event.itemKey, fields)
                if case .never = verdict { continue }
                let payload = renderings.payload(for: coverage.selector)
                if case .later(let due) = verdict {
                    let form = Renderings.Form(payload: payload, hasText: hasText)
                    let rendered = renderings.event(in: form)
                    if hold(rendered, about: host, for: coverage, until: due) { continue }
                }
                noteSent(event.itemKey, coverage)
                if let index = told.firstIndex(where: { $0.payload == payload }) {
                    told[index].coverages.append(coverage)
                } else {
                    told.append((payload, [coverage]))
                }
            }
            for (payload, coverages) in told {
                let form = Renderings.Form(payload: payload, hasText: hasText)
                let recipient = subscriber.recipient(for: coverages)
                mailing.add(recipient, form, renderings.event(in: form))
            }
        }
        return notices(of: mailing)
    }

    /// Where in the plan those stand whose filters the item meets, and their subscriptions that
    /// have these.
    private func matching(_ fields: ItemFields, _ plan: DeliveryPlan) -> [Int: [String]] {
        var found: [Int: [String]] = [:]
        for name in plan.filtering {
            var budget = PubSubLimits.comparisonsPerEvent
            // Where they stand: a copy of the node would cost as much as the look-up.
            let ids: [String] =
                if let index = nodes.index(forKey: name) {
                    nodes.values[index].subscriptions.filters.matches(fields, budget: &budget)
                } else if let filters = patterns.filters(of: name) {
                    filters.matches(fields, budget: &budget)
                } else {
                    []
                }
            for id in ids {
                if let place = plan.places[id] { found[place, default: []].append(id) }
            }
        }
        return found
    }

    /// Where in the plan those stand whom the item may concern: it matches, or it did.
    private func places(
        _ found: [Int: [String]],
        _ event: PubSubEvent,
        _ plan: DeliveryPlan
    ) -> [Int] {
        var others = plan.unfiltered.filter { found[$0] == nil }
        if plan.tellsChanges, let key = event.itemKey {
            for (id, trace) in selections.traces(of: key) where trace.matches {
                if let place = plan.places[id], found[place] == nil { others.append(place) }
            }
            others = Array(Set(others))
        }
        return (found.keys + others).sorted()
    }

    private mutating func judge(
        _ coverage: DeliveryPlan.Coverage,
        _ isFound: Bool,
        _ key: SelectionBook.ItemKey?,
        _ fields: ItemFields
    ) -> Verdict {
        guard let selector = coverage.selector else {
            return coverage.record.options.isPlain ? .now : .never
        }
        let isMatch = selector.filter == nil || isFound
        let isQuiet = isQuiet(selector, fields, at: time)
        guard let key else { return isMatch && !isQuiet ? .now : .never }
        guard selector.needsTrace else { return isMatch && !isQuiet ? .now : .never }
        let trace = selections.trace(key, coverage.record.id)
        if selector.change != .none, isMatch != (trace?.matches ?? false) {
            selections.note(key, coverage.record, on: coverage.holder) { $0.matches = isMatch }
        }
        guard selector.tells(trace?.matches ?? false, isMatch), !isQuiet else { return .never }
        if let deadband = selector.deadband {
            guard hasMoved(deadband, key, coverage, fields, trace) else { return .never }
        }
        if let interval = selector.digestInterval {
            let due = selections.digestDue(coverage.record, after: interval, at: time)
            return .later(due)
        }
        guard selector.minimumInterval > 0 else { return .now }
        if let held = trace?.held { return held.due > time ? .later(held.due) : .now }
        guard let sent = trace?.sentAt else { return .now }
        let due = sent + .milliseconds(selector.minimumInterval)
        return due > time ? .later(due) : .now
    }

    /// Whether only what is critical passes, and this is not.
    func isQuiet(_ selector: Selector, _ fields: ItemFields, at now: Instant) -> Bool {
        guard let quiet = selector.quiet,
            quiet.contains(millisecondsSince1970: now.milliseconds)
        else { return false }
        return fields.level != .level(named: "critical")
    }

    /// Whether a number with a band has moved by it since it was sent, or the level is another.
    ///
    /// An item without any such number is no move of one and passes.
    private mutating func hasMoved(
        _ deadband: Deadband,
        _ key: SelectionBook.ItemKey,
        _ coverage: DeliveryPlan.Coverage,
        _ fields: ItemFields,
        _ trace: SelectionBook.Trace?
    ) -> Bool {
        var numbers: [Field: Double] = [:]
        var hasMoved = false
        for rule in deadband.rules {
            let read = fields.numbers(of: rule.field)
            let width = rule.width(range: range(of: rule, on: key.node))
            for (field, number) in read where numbers.count < PubSubLimits.bandsMaximum {
                numbers[field] = number
                guard let width, let before = trace?.numbers?[field] else {
                    hasMoved = true
                    continue
                }
                if (number - before).magnitude >= width { hasMoved = true }
            }
        }
        guard !numbers.isEmpty || trace?.numbers != nil else { return true }
        let level = fields.level
        // A number that there was and is not is a move too.
        if numbers.count != trace?.numbers?.count || level != trace?.level { hasMoved = true }
        guard hasMoved else { return false }
        selections.note(key, coverage.record, on: coverage.holder) {
            $0.numbers = numbers
            $0.level = level
        }
        return true
    }

    // MARK: What was sent

    private mutating func noteSent(
        _ key: SelectionBook.ItemKey?,
        _ coverage: DeliveryPlan.Coverage
    ) {
        guard let key, let selector = coverage.selector else { return }
        let isTimed = selector.minimumInterval > 0
        let id = coverage.record.id
        if let trace = selections.trace(key, id) {
            if trace.held != nil { selections.release(key, id) }
            if trace.wasSent, !isTimed { return }
        }
        selections.note(key, coverage.record, on: coverage.holder) {
            $0.wasSent = true
            if isTimed { $0.sentAt = time }
        }
    }

    /// Holds an event back; says whether there was room for it.
    private mutating func hold(
        _ event: PubSubEvent,
        about host: JID?,
        for coverage: DeliveryPlan.Coverage,
        until due: Instant
    ) -> Bool {
        guard let key = event.itemKey else { return false }
        let id = coverage.record.id
        guard
            selections.hold(
                event,
                about: host,
                key,
                coverage.record,
                on: coverage.holder,
                until: due
            )
        else { return false }
        if coverage.selector?.digestInterval != nil { selections.openDigest(id, due: due) }
        if let wake = selections.wake(id) { schedule.add(.deliver(subscription: id), at: wake) }
        return true
    }

    // MARK: The last item

    /// A subscription that there is, for who has to know how it comes to an item.
    func coverage(_ id: String, on name: String) -> DeliveryPlan.Coverage? {
        guard let holder = nodes[name] ?? patterns[name], let record = holder.subscriptions[id]
        else { return nil }
        return DeliveryPlan.Coverage(
            record: record,
            holder: name,
            way: holder.pattern == nil ? .itself : .pattern,
            selector: holder.subscriptions.selector(id)
        )
    }

    /// The item as the first that a subscription gets, if it matches.
    mutating func firstItem(
        _ record: ItemRecord,
        of node: String,
        to recipient: Recipient,
        for coverage: DeliveryPlan.Coverage
    ) -> [PubSubEffect] {
        guard !coverage.record.options.isPlain else {
            return [lastItem(record, of: node, to: recipient)]
        }
        guard let selector = coverage.selector else { return [] }
        let event = publication(of: record, on: node, stamp: record.published)
        guard let key = event.itemKey else { return [] }
        let fields = ItemFields(event, owner: owner, publisher: record.publisher)
        let isMatch = selector.filter.map { $0.evaluate(fields) == .yes } ?? true
        if selector.change != .none {
            selections.note(key, coverage.record, on: coverage.holder) { $0.matches = isMatch }
        }
        guard isMatch, selector.change != .leave, !isQuiet(selector, fields, at: time) else {
            return []
        }
        if let deadband = selector.deadband {
            _ = hasMoved(deadband, key, coverage, fields, nil)
        }
        noteSent(key, coverage)
        var renderings = Renderings(event, fields)
        let form = Renderings.Form(
            payload: renderings.payload(for: selector),
            hasText: selector.includesBody
        )
        return [notice(renderings.event(in: form), to: [recipient])]
    }
}

extension PubSubEvent {
    /// The item that it is about; nil where there is none.
    var itemKey: SelectionBook.ItemKey? {
        guard case .item(let item?) = kind else { return nil }
        return SelectionBook.ItemKey(node: node, item: item.id)
    }
}
