import XMPP

@testable import Modules

// What becomes of each request.
extension ServiceModel {
    mutating func create(_ user: String, _ name: String, _ node: Node) -> Answer {
        guard !isPersonal || user == Self.users[0] else { return Answer(error: "auth forbidden") }
        guard nodes[name] == nil else { return Answer(error: "cancel conflict") }
        nodes[name] = node
        if !isPersonal { nodes[name]?.affiliations[user] = .owner }
        return Answer()
    }

    mutating func configure(
        _ user: String,
        _ name: String,
        _ change: (inout Node) -> Void
    ) -> Answer {
        if let error = managed(user, name) { return Answer(error: error) }
        let before = toldByPresence(name)
        nodes[name].map { node in
            var node = node
            change(&node)
            nodes[name] = node
        }
        var answer = Answer()
        while let node = nodes[name], node.items.count > node.maximum {
            let gone = nodes[name]?.items.removeFirst()
            if node.tellsRetract { answer.told += event(name, "retract \(gone?.id ?? "")") }
        }
        let judged = judge(name, Self.users, before: before)
        return Answer(told: answer.told + judged.told, word: judged.word)
    }

    mutating func publish(_ user: String, _ name: String, _ id: String, _ now: Instant) -> Answer {
        if nodes[name] == nil {
            guard !isPersonal || user == Self.users[0] else {
                return Answer(error: "cancel item-not-found")
            }
            nodes[name] = Node(maximum: isPersonal ? 1 : 20)
            if !isPersonal { nodes[name]?.affiliations[user] = .owner }
        }
        guard var node = nodes[name], mayPublish(user, node) else {
            return Answer(error: "auth forbidden")
        }
        let isNew = !node.items.contains { $0.id == id }
        if node.whenFull == "reject", isNew, node.items.count >= node.maximum {
            return Answer(error: "cancel conflict node-full")
        }
        node.items.removeAll { $0.id == id }
        node.items.append(Item(id: id, publisher: user, published: now))
        var answer = Answer()
        while node.items.count > node.maximum {
            let gone = node.items.removeFirst()
            if node.whenFull == "retract-oldest", node.tellsRetract, node.maximum > 1 {
                answer.told += event(name, "retract \(gone.id)")
            }
        }
        nodes[name] = node
        answer.told += event(name, "item \(id)")
        return answer
    }

    mutating func retract(_ user: String, _ name: String, _ id: String) -> Answer {
        guard let node = nodes[name] else { return Answer(error: "cancel item-not-found") }
        let isOwner = affiliation(user, node) == .owner
        guard isOwner || mayPublish(user, node) else { return Answer(error: "auth forbidden") }
        guard let item = node.items.first(where: { $0.id == id }) else {
            return Answer(error: "cancel item-not-found")
        }
        guard isOwner || item.publisher == user else { return Answer(error: "auth forbidden") }
        nodes[name]?.items.removeAll { $0.id == id }
        return Answer(told: node.tellsRetract ? event(name, "retract \(id)") : [])
    }

    mutating func purge(_ user: String, _ name: String) -> Answer {
        if let error = managed(user, name) { return Answer(error: error) }
        nodes[name]?.items = []
        return Answer(told: event(name, "purge"))
    }

    mutating func delete(_ user: String, _ name: String) -> Answer {
        if let error = managed(user, name) { return Answer(error: error) }
        let waiting = nodes[name]?.subscriptions.filter { $0.value.isPending && $0.value.delivers }
        let told = event(name, "delete") + (waiting ?? [:]).keys.map { "\($0): \(name) delete" }
        nodes[name] = nil
        for user in Self.users { forget(user) }
        return Answer(told: told)
    }

    mutating func subscribe(_ user: String, _ name: String) -> Answer {
        guard let node = nodes[name] else { return Answer(error: "cancel item-not-found") }
        let affiliation = affiliation(user, node)
        guard ![.outcast, .publishOnly].contains(affiliation) else {
            return Answer(error: "auth forbidden")
        }
        let waits =
            node.access == "authorize" && affiliation == .none && !node.isSubscribed(user)
        if !waits, let refusal = refusal(user, node) { return Answer(error: refusal) }
        if let own = node.subscriptions[user] {
            return Answer(error: own.isPending ? "auth not-authorized pending-subscription" : nil)
        }
        nodes[name]?.subscriptions[user] = Subscription(isPending: waits)
        guard !waits, node.last != "never" else { return Answer() }
        let address = isTold(user, name) ? user + "/x" : user
        return Answer(told: lastItem(name, to: address))
    }

    mutating func unsubscribe(_ user: String, _ name: String) -> Answer {
        guard let node = nodes[name] else { return Answer(error: "cancel item-not-found") }
        guard node.subscriptions[user] != nil else {
            return Answer(error: "cancel unexpected-request not-subscribed")
        }
        nodes[name]?.subscriptions[user] = nil
        forget(user)
        return Answer()
    }

    mutating func setOptions(
        _ user: String,
        _ name: String,
        _ change: (inout Subscription) -> Void
    ) -> Answer {
        guard let node = nodes[name] else { return Answer(error: "cancel item-not-found") }
        guard var subscription = node.subscriptions[user] else {
            return Answer(error: "modify unexpected-request not-subscribed")
        }
        change(&subscription)
        nodes[name]?.subscriptions[user] = subscription
        return Answer()
    }

    /// An owner ends a subscription, approves it or makes one.
    mutating func allow(_ user: String, _ other: String, _ name: String, _ allows: Bool) -> Answer {
        if let error = managed(user, name) { return Answer(error: error) }
        guard let node = nodes[name] else { return Answer() }
        let own = node.subscriptions[other]
        guard allows else {
            guard own != nil else { return Answer() }
            nodes[name]?.subscriptions[other] = nil
            forget(other)
            return Answer(word: ["\(other): \(name) \(other) none"])
        }
        guard own?.isPending != false else { return Answer() }
        guard own != nil || ![.outcast, .publishOnly].contains(affiliation(other, node)) else {
            return Answer(error: "modify not-acceptable")
        }
        let wasTold = isTold(other, name)
        var subscription = own ?? Subscription(isPending: false)
        subscription.isPending = false
        nodes[name]?.subscriptions[other] = subscription
        var answer = Answer(word: ["\(other): \(name) \(other) subscribed"])
        if subscription.delivers, node.last != "never" {
            let isNewlyTold = !wasTold && isTold(other, name)
            answer.told = lastItem(name, to: isNewlyTold ? other + "/x" : other)
        }
        return answer
    }

    mutating func affiliate(
        _ user: String,
        _ other: String,
        _ name: String,
        _ next: Affiliation
    ) -> Answer {
        if let error = managed(user, name) { return Answer(error: error) }
        guard let node = nodes[name] else { return Answer() }
        let current = node.affiliations[other] ?? .none
        let owners = node.affiliations.values.count { $0 == .owner }
        let isLast = !isPersonal && current == .owner && next != .owner && owners == 1
        guard !(isPersonal && other == Self.users[0]), current.mayBecome(next), !isLast else {
            return Answer(error: "modify not-acceptable")
        }
        guard current != next else { return Answer() }
        let before = toldByPresence(name)
        nodes[name]?.affiliations[other] = next == .none ? nil : next
        return judge(name, [other], before: before)
    }

    // MARK: Coming, going, waiting

    mutating func come(_ user: String, wanting names: Set<String>) -> Answer {
        var answer = Answer()
        guard present[user] == nil else { return answer }
        let isKnown = absent.remove(user) != nil || isPersonal
        present[user] = names
        for (name, node) in nodes where node.last == "on_sub_and_presence" {
            if isTold(user, name), !isSilent(user, node) {
                answer.told += lastItem(name, to: user + "/x")
            } else if isKnown, node.isSubscribed(user), !isSilent(user, node) {
                answer.told += lastItem(name, to: user)
            }
        }
        return answer
    }

    mutating func leave(_ user: String) {
        present[user] = nil
        if nodes.values.contains(where: { $0.subscriptions[user] != nil }) { absent.insert(user) }
    }

    mutating func wait(until now: Instant) -> Answer {
        var answer = Answer()
        for name in nodes.keys {
            for (user, subscription) in nodes[name]?.subscriptions ?? [:] {
                guard let end = subscription.end, end <= now else { continue }
                nodes[name]?.subscriptions[user] = nil
                forget(user)
                answer.word.append("\(user): \(name) \(user) none")
            }
            guard let node = nodes[name], let age = node.age else { continue }
            for item in node.items where item.published + .seconds(age) <= now {
                nodes[name]?.items.removeAll { $0.id == item.id }
                if node.tellsRetract { answer.told += event(name, "retract \(item.id)") }
            }
        }
        return answer
    }
}
