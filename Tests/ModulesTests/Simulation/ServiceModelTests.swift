import Testing
import XMPP

@testable import Modules

/// Whatever is asked in whatever order, a service answers, tells and keeps what a model does; and
/// from what it kept it can begin again at any point.
@Suite(.repeating("ServiceModelTests")) struct ServiceModelTests {
    struct Play {
        var dice: SeededDice
        var talk: NodesConversation
        var model: ServiceModel
        var store = StoreModel()
        /// What is being done, for whom something differs.
        var scene = ""

        init(seed: UInt64, isPersonal: Bool) throws {
            dice = SeededDice(seed: seed)
            talk = isPersonal ? NodesConversation() : .ofService()
            model = ServiceModel(isPersonal: isPersonal)
            guard isPersonal else { return }
            for user in ServiceModel.users.dropFirst() {
                talk.relations[try JID(user)] = Relation(presenceAuthorized: true)
            }
        }
    }

    @Test(arguments: 1...24)
    func agreesWithTheModel(_ seed: UInt64) throws {
        var play = try Play(seed: seed, isPersonal: seed.isMultiple(of: 2))
        for step in 0..<300 {
            play.scene = "seed \(seed), step \(step)"
            // What leases end at odd seconds, and items at even ones: in one order.
            for _ in 0..<2 {
                let outcome = play.talk.wait(.seconds(1))
                let answer = play.model.wait(until: play.talk.now)
                play.compare(outcome, answer)
            }
            try play.act()
            play.compareStore()
            if step.isMultiple(of: 15) { try play.restart() }
            guard !play.hasFailed else { return }
        }
    }
}

// MARK: - What is done

extension ServiceModelTests.Play {
    var hasFailed: Bool { scene.isEmpty }

    mutating func act() throws {
        let user = dice.pick(ServiceModel.users)
        let name = dice.pick(["n0", "n1"])
        let from = user + "/x"
        let at = "node='\(name)' jid='\(user)'"
        switch dice.roll(16) {
        case 0: try create(user, name)
        case 1, 2, 3: try publish(user, name)
        case 4:
            let id = String(dice.roll(5))
            let content = "<retract node='\(name)'><item id='\(id)'/></retract>"
            compare(try talk.set(content, from: from), model.retract(user, name, id))
        case 5, 6: try configure(user, name)
        case 7 where dice.happens(onceIn: 3):
            compare(try talk.set("#<delete node='\(name)'/>", from: from), model.delete(user, name))
        case 7:
            compare(try talk.set("#<purge node='\(name)'/>", from: from), model.purge(user, name))
        case 8, 9:
            compare(try talk.set("<subscribe \(at)/>", from: from), model.subscribe(user, name))
        case 10:
            compare(try talk.set("<unsubscribe \(at)/>", from: from), model.unsubscribe(user, name))
        case 11: try setOptions(user, name)
        case 12: try allow(user, name)
        case 13: try affiliate(user, name)
        case 14 where model.present[user] == nil:
            let wanted = ["n0", "n1"].filter { _ in !dice.happens(onceIn: 4) }
            compare(try talk.arrive(from, wanting: wanted), model.come(user, wanting: Set(wanted)))
        case 15:
            model.leave(user)
            compare(try talk.leave(from), ServiceModel.Answer())
        default: break
        }
    }

    private mutating func create(_ user: String, _ name: String) throws {
        var node = ServiceModel.Node(maximum: dice.roll(4) + 1)
        node.access = dice.pick(["open", "authorize", "whitelist"])
        node.publishers = dice.pick(["publishers", "subscribers", "open"])
        node.last = dice.pick(["never", "on_sub", "on_sub_and_presence"])
        let form = NodesConversation.form(
            Namespace.pubsub + "#node_config",
            [
                "access_model": node.access, "publish_model": node.publishers,
                "send_last_published_item": node.last, "max_items": String(node.maximum),
            ]
        )
        let content = "<create node='\(name)'/><configure>\(form)</configure>"
        compare(try talk.set(content, from: user + "/x"), model.create(user, name, node))
    }

    private mutating func publish(_ user: String, _ name: String) throws {
        let id = String(dice.roll(5))
        let outcome = try talk.publish(name, id, from: user + "/x")
        compare(outcome, model.publish(user, name, id, talk.now))
    }

    private mutating func configure(_ user: String, _ name: String) throws {
        let field: (String, String)
        let answer: ServiceModel.Answer
        switch dice.roll(7) {
        case 0:
            field = ("access_model", dice.pick(["open", "authorize", "whitelist"]))
            answer = model.configure(user, name) { $0.access = field.1 }
        case 1:
            field = ("publish_model", dice.pick(["publishers", "subscribers", "open"]))
            answer = model.configure(user, name) { $0.publishers = field.1 }
        case 2:
            let maximum = dice.roll(4) + 1
            field = ("max_items", String(maximum))
            answer = model.configure(user, name) { $0.maximum = maximum }
        case 3:
            field = (
                "publish_node_full", dice.pick(["retract-oldest", "discard-oldest", "reject"])
            )
            answer = model.configure(user, name) { $0.whenFull = field.1 }
        case 4:
            let tells = dice.roll(2)
            field = ("notify_retract", String(tells))
            answer = model.configure(user, name) { $0.tellsRetract = tells == 1 }
        case 5:
            let last = dice.pick(["never", "on_sub", "on_sub_and_presence"])
            field = ("send_last_published_item", last)
            answer = model.configure(user, name) { $0.last = last }
        default:
            let age = dice.pick([nil, 4, 12])
            field = ("item_expire", age.map(String.init) ?? "max")
            answer = model.configure(user, name) { $0.age = age.map { Int64($0) } }
        }
        let form = NodesConversation.form(
            Namespace.pubsub + "#node_config",
            [field.0: field.1]
        )
        let content = "#<configure node='\(name)'>\(form)</configure>"
        compare(try talk.set(content, from: user + "/x"), answer)
    }

    private mutating func setOptions(_ user: String, _ name: String) throws {
        if dice.happens(onceIn: 2) {
            let delivers = dice.roll(2)
            compare(
                try talk.setOptions(user + "/x", name, ["deliver": String(delivers)]),
                model.setOptions(user, name) { $0.delivers = delivers == 1 }
            )
        } else {
            let end = talk.now + .seconds(dice.roll(9) * 2 + 1)
            compare(
                try talk.setOptions(user + "/x", name, ["expire": end.dateTime]),
                model.setOptions(user, name) { $0.end = end }
            )
        }
    }

    private mutating func allow(_ user: String, _ name: String) throws {
        let other = dice.pick(ServiceModel.users)
        let state = dice.pick(["none", "subscribed", "subscribed"])
        let content =
            "#<subscriptions node='\(name)'>"
            + "<subscription jid='\(other)' subscription='\(state)'/></subscriptions>"
        let outcome = try talk.set(content, from: user + "/x")
        compare(outcome, model.allow(user, other, name, state == "subscribed"))
    }

    private mutating func affiliate(_ user: String, _ name: String) throws {
        let other = dice.pick(ServiceModel.users)
        let next = dice.pick(Affiliation.allCases)
        let outcome = try talk.affiliate(name, [(other, next.rawValue)], from: user + "/x")
        compare(outcome, model.affiliate(user, other, name, next))
    }
}

// MARK: - What is the same

extension ServiceModelTests.Play {
    mutating func compare(
        _ outcome: NodesConversation.Outcome,
        _ answer: ServiceModel.Answer,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var told = outcome.told
        for change in outcome.changes { store.apply(change) }
        for request in outcome.loads {
            let payloads = Dictionary(uniqueKeysWithValues: request.items.map { ($0, [UInt8]()) })
            let effects = talk.service.loaded(request.answered(payloads), at: talk.now)
            told += talk.outcome(of: effects).told
        }
        // That a lease is almost over is told with the time of its end.
        let word = outcome.word.filter { $0.split(separator: " ").count == 4 }
        let scene = Comment(rawValue: scene)
        var isSame = outcome.error == answer.error
        isSame = isSame && told.sorted() == answer.told.sorted() && word == answer.word.sorted()
        #expect(outcome.error == answer.error, scene, sourceLocation: sourceLocation)
        #expect(told.sorted() == answer.told.sorted(), scene, sourceLocation: sourceLocation)
        #expect(word == answer.word.sorted(), scene, sourceLocation: sourceLocation)
        if !isSame { self.scene = "" }
    }

    /// What is kept is what the model has.
    mutating func compareStore() {
        guard !hasFailed else { return }
        var kept: [String] = []
        for (key, record) in store.records {
            kept += record.items.map { "\(key.node) item \($0.id)" }
            kept += record.affiliations.map { "\(key.node) \($0.key) \($0.value.rawValue)" }
            kept += record.subscriptions.map { "\(key.node) \($0.jid) \($0.state.rawValue)" }
        }
        var known: [String] = []
        for (name, node) in model.nodes {
            known += node.items.map { "\(name) item \($0.id)" }
            known += node.affiliations.map { "\(name) \($0.key) \($0.value.rawValue)" }
            known += node.subscriptions.map {
                "\(name) \($0.key) \($0.value.isPending ? "pending" : "subscribed")"
            }
        }
        #expect(kept.sorted() == known.sorted(), Comment(rawValue: scene))
        if kept.sorted() != known.sorted() { scene = "" }
    }

    /// The service as it begins from what was kept answers as the one that goes on.
    mutating func restart() throws {
        guard !hasFailed else { return }
        var other = talk
        other.service = PubSubService(
            owner: talk.service.owner,
            profile: talk.service.profile,
            nodes: Array(store.records.values)
        )
        let before = try answers(of: talk)
        #expect(try answers(of: other) == before, Comment(rawValue: scene))
        guard dice.happens(onceIn: 3) else { return }
        talk = other
        model.present = [:]
        model.absent = []
        compare(talk.outcome(of: talk.service.started(at: talk.now)), ServiceModel.Answer())
    }

    private func answers(of talk: NodesConversation) throws -> [String] {
        var talk = talk
        var answers: [String] = []
        for user in ServiceModel.users {
            let from = user + "/x"
            var questions = ["<subscriptions/>", "<affiliations/>"]
            for name in ["n0", "n1"] {
                questions += ["configure", "affiliations", "subscriptions"].map {
                    "#<\($0) node='\(name)'/>"
                }
                var outcome = try talk.get("<items node='\(name)'/>", from: from)
                for request in outcome.loads {
                    let payloads = Dictionary(
                        uniqueKeysWithValues: request.items.map { ($0, [UInt8]()) }
                    )
                    let loaded = request.answered(payloads)
                    outcome = talk.outcome(of: talk.service.loaded(loaded, at: talk.now))
                }
                answers.append("\(user) \(name) \(outcome.items) \(outcome.error ?? "")")
            }
            for question in questions {
                let outcome = try talk.get(question, from: from)
                let reply = outcome.reply.map { String(decoding: $0.serialized(), as: UTF8.self) }
                answers.append("\(user) \(question): \(reply ?? outcome.error ?? "")")
            }
        }
        return answers
    }
}
