import Testing
import XMPP

@testable import Modules

/// Whatever filters and intervals there are and whatever is published when, each subscriber ends
/// with what a simple model says: of every item the newest version that concerned it.
@Suite(.repeating("RandomSelectionTests")) struct RandomSelectionTests {
    /// What a subscriber asks for, said twice: as options and as a rule of the model.
    private struct Wish {
        var least: Int?
        var interval = 0
        var isDigest = false

        func wants(_ value: Int) -> Bool { least.map { value >= $0 } ?? true }

        func set(_ options: inout SubscriptionOptions) {
            if let least { options.filter = "cpu.user >= \(least)" }
            options.minimumIntervalMilliseconds = interval
            options.isDigest = isDigest
            options.digestMilliseconds = 3_000
        }
    }

    /// What one subscriber has.
    private struct Model {
        var wish: Wish
        /// The newest version of each item that it has to end with.
        var wanted: [String: Int] = [:]
        /// What it was sent.
        var received: [String: Int] = [:]
        var lastSent: [String: Instant] = [:]
    }

    private struct Dice {
        var state: UInt64

        mutating func roll(_ sides: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(sides))
        }
    }

    @Test(arguments: 1...20)
    func leavesEverySubscriberWithTheNewestThatConcernedIt(_ seed: UInt64) throws {
        var dice = Dice(state: seed &* 0x9E37_79B9_7F4A_7C15 | 1)
        var talk = try SelectionConversation(SelectionConversation.cpu)
        var models: [String: Model] = [:]
        for index in 0..<12 {
            let wish = Wish(
                least: dice.roll(3) == 0 ? nil : dice.roll(100),
                interval: dice.roll(2) == 0 ? 0 : 1_000 * (dice.roll(4) + 1),
                isDigest: dice.roll(5) == 0
            )
            models["v\(index)@example.org"] = Model(wish: wish)
            try talk.subscribe("v\(index)@example.org", SelectionConversation.cpu, wish.set)
        }
        for _ in 0..<300 {
            talk.talk.now = talk.talk.now + .milliseconds(Int64(dice.roll(700)))
            let item = String(dice.roll(4))
            let outcome: NodesConversation.Outcome
            switch dice.roll(10) {
            case 0:
                outcome = try talk.talk.set(
                    "<retract node='\(SelectionConversation.cpu)' notify='1'>"
                        + "<item id='\(item)'/></retract>"
                )
                for jid in models.keys { models[jid]?.wanted[item] = nil }
            case 1, 2: outcome = talk.wait(0)
            default:
                let value = dice.roll(100)
                let payload = SelectionConversation.sample(["user": "\(value)"])
                outcome = try talk.talk.publish(SelectionConversation.cpu, item, payload)
                for (jid, model) in models where model.wish.wants(value) {
                    models[jid]?.wanted[item] = value
                }
            }
            try receive(outcome, at: talk.talk.now, &models)
        }
        try receive(talk.wait(100_000), at: talk.talk.now, &models)
        for (jid, model) in models {
            #expect(model.received == model.wanted, "seed \(seed): \(jid) \(model.wish)")
        }
    }

    /// Takes what came, and looks whether it came too soon or to whom it does not concern.
    private func receive(
        _ outcome: NodesConversation.Outcome,
        at now: Instant,
        _ models: inout [String: Model]
    ) throws {
        for notification in outcome.notifications {
            for recipient in notification.recipients {
                let jid = "\(recipient.jid)"
                var model = try #require(models[jid])
                switch notification.event.kind {
                case .item(let item?): try take(item, &model, at: now)
                case .items(let items): for item in items { try take(item, &model, at: now) }
                case .retract(let id):
                    #expect(model.received[id] != nil, "a retract of what it does not have")
                    model.received[id] = nil
                    model.lastSent[id] = nil
                default: break
                }
                models[jid] = model
            }
        }
    }

    private func take(_ item: PubSubEvent.Item, _ model: inout Model, at now: Instant) throws {
        let payload = try Element(parsing: try #require(item.payload))
        let value = try #require(payload.child("v").flatMap { Int($0.text) })
        #expect(model.wish.wants(value))
        if !model.wish.isDigest, let last = model.lastSent[item.id] {
            let gap = now.milliseconds - last.milliseconds
            #expect(gap >= Int64(model.wish.interval), "too soon")
        }
        model.received[item.id] = value
        model.lastSent[item.id] = now
    }
}
