import XMPP

@testable import Modules

/// The nodes of a service as plainly as they can be said: everything is looked for one by one.
struct ServiceModel {
    static let users = (0..<4).map { $0 == 0 ? "host@example.org" : "u\($0)@example.org" }

    struct Subscription: Equatable {
        var isPending: Bool
        var delivers = true
        var end: Instant?
    }

    struct Item {
        let id: String
        let publisher: String
        let published: Instant
    }

    struct Node {
        var access = "open"
        var publishers = "publishers"
        var maximum: Int
        var whenFull = "retract-oldest"
        var tellsRetract = true
        var last = "on_sub_and_presence"
        var age: Int64?
        var affiliations: [String: Affiliation] = [:]
        var subscriptions: [String: Subscription] = [:]
        var items: [Item] = []

        func isSubscribed(_ user: String) -> Bool { subscriptions[user]?.isPending == false }
    }

    /// What a request led to.
    struct Answer {
        var error: String?
        var told: [String] = []
        var word: [String] = []
    }

    let isPersonal: Bool
    var nodes: [String: Node] = [:]
    /// The nodes that each session which is there asks for, by user.
    var present: [String: Set<String>] = [:]
    /// Subscribers who are known to have gone.
    var absent: Set<String> = []

    // MARK: Who may what

    func affiliation(_ user: String, _ node: Node) -> Affiliation {
        if isPersonal, user == Self.users[0] { return .owner }
        return node.affiliations[user] ?? .none
    }

    func refusal(_ user: String, _ node: Node) -> String? {
        switch affiliation(user, node) {
        case .outcast, .publishOnly: return "auth forbidden"
        case .owner, .publisher, .member: return nil
        case .none: break
        }
        switch node.access {
        case "whitelist": return "cancel not-allowed closed-node"
        case "authorize":
            return node.isSubscribed(user) ? nil : "auth not-authorized not-subscribed"
        default: return nil
        }
    }

    func mayPublish(_ user: String, _ node: Node) -> Bool {
        switch affiliation(user, node) {
        case .owner, .publisher, .publishOnly: true
        case .outcast: false
        case .member, .none:
            node.publishers == "open"
                || (node.publishers == "subscribers" && node.isSubscribed(user))
        }
    }

    /// The node, for who owns it; the error otherwise.
    func managed(_ user: String, _ name: String) -> String? {
        guard let node = nodes[name] else { return "cancel item-not-found" }
        return affiliation(user, node) == .owner ? nil : "auth forbidden"
    }

    // MARK: Who is told

    /// Whether a subscription says that nothing is to come.
    func isSilent(_ user: String, _ node: Node) -> Bool {
        node.isSubscribed(user) && node.subscriptions[user]?.delivers == false
    }

    /// Whether the user's session is told by being there.
    func isTold(_ user: String, _ name: String) -> Bool {
        guard let node = nodes[name] else { return false }
        return present[user]?.contains(name) == true && refusal(user, node) == nil
    }

    /// The addresses that events go to.
    func audience(_ name: String) -> [String] {
        guard let node = nodes[name] else { return [] }
        return Self.users.compactMap { user in
            if isSilent(user, node) { return nil }
            if isTold(user, name) { return user + "/x" }
            return node.isSubscribed(user) ? user : nil
        }
    }

    func event(_ name: String, _ what: String) -> [String] {
        audience(name).map { "\($0): \(name) \(what)" }
    }

    func lastItem(_ name: String, to address: String) -> [String] {
        guard let item = nodes[name]?.items.last else { return [] }
        return ["\(address): \(name) item \(item.id) late"]
    }

    /// What follows from other rights on a node, for those who were told before by being there.
    mutating func judge(_ name: String, _ users: [String], before: Set<String>) -> Answer {
        var answer = Answer()
        for user in users {
            guard let node = nodes[name] else { continue }
            let isAdmitted = refusal(user, node) == nil
            if let subscription = node.subscriptions[user] {
                let mayStay =
                    node.access == "authorize"
                    ? ![.outcast, .publishOnly].contains(affiliation(user, node)) : isAdmitted
                if !mayStay {
                    nodes[name]?.subscriptions[user] = nil
                    forget(user)
                    answer.word.append("\(user): \(name) \(user) none")
                } else if subscription.isPending, isAdmitted {
                    nodes[name]?.subscriptions[user]?.isPending = false
                    answer.word.append("\(user): \(name) \(user) subscribed")
                    if subscription.delivers, node.last != "never" {
                        let address = isTold(user, name) ? user + "/x" : user
                        answer.told += lastItem(name, to: address)
                    }
                    continue
                }
            }
            if !before.contains(user), isTold(user, name), let node = nodes[name],
                node.last != "never", !isSilent(user, node)
            {
                answer.told += lastItem(name, to: user + "/x")
            }
        }
        return answer
    }

    /// Nobody misses an entity that has no subscription left.
    mutating func forget(_ user: String) {
        if nodes.values.allSatisfy({ $0.subscriptions[user] == nil }) { absent.remove(user) }
    }

    func toldByPresence(_ name: String) -> Set<String> {
        Set(Self.users.filter { isTold($0, name) })
    }
}
