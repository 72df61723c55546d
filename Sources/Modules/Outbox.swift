package import XMPP

/// The effects of one shard on their way out, first in, first out.
///
/// An effect waits behind every earlier immediate store that is not yet committed: nobody is told
/// what a crash could take back, and nothing overtakes (RFC 6120 §10.1). Stores marked behind do
/// not hold what follows.
package struct Outbox: Sendable {
    /// Effects that may wait for the store.
    ///
    /// Past it a shard takes no more requests: a store that has stopped must not fill the memory.
    package static let heldMaximum = 100_000

    /// What the host does now.
    package enum Action: Sendable {
        case perform(Effect)
        /// Hands changes to the store, all of them or none, which answers with the ticket once they
        /// are committed.
        case commit([Change], ticket: UInt64)
        /// Hands a change to the store that may come behind; it answers nothing.
        case write(Change)
    }

    private struct Held {
        let barrier: UInt64
        let origin: Origin
        /// Nil where it was withdrawn.
        var effect: Effect?
    }

    /// The decision that an effect is part of, and whose it was.
    private struct Origin {
        let owner: JID
        let decision: UInt64
    }

    /// What a decision keeps.
    ///
    /// Where any of it must not come later all of it goes at once, under one ticket: half of a
    /// decision must neither be kept nor promised.
    private struct Changes {
        var all: [Change] = []
        var isUrgent = false

        init(_ effects: [Effect]) {
            for case .store(let change, let durability) in effects where durability != .none {
                all.append(change)
                if durability == .immediate { isUrgent = true }
            }
        }
    }

    private var held: [Held] = []
    /// Entries of `held` that are gone already; they are cut off in one go.
    private var gone = 0
    private var submitted: UInt64 = 0
    private var committed: UInt64 = 0
    /// What the changes are part of that are not committed yet, by ticket.
    private var origins: [UInt64: Origin] = [:]
    private var decisions: UInt64 = 0

    package init() {}

    /// Whether so much waits for the store that nothing more should be begun.
    package var isFull: Bool { held.count - gone >= Self.heldMaximum }

    /// Adds the effects of one decision about `owner`; those that wait for nothing come back.
    package mutating func add(_ effects: [Effect], owner: JID) -> [Action] {
        var actions: [Action] = []
        actions.reserveCapacity(effects.count)
        decisions &+= 1
        let origin = Origin(owner: owner, decision: decisions)
        let changes = Changes(effects)
        var isSubmitted = false
        for effect in effects {
            if case .store(let change, let durability) = effect {
                if !changes.isUrgent {
                    if durability == .behind { actions.append(.write(change)) }
                } else if durability == .immediate, !isSubmitted {
                    isSubmitted = true
                    submitted &+= 1
                    origins[submitted] = origin
                    actions.append(.commit(changes.all, ticket: submitted))
                }
            } else if committed == submitted {
                actions.append(.perform(effect))
            } else {
                held.append(Held(barrier: submitted, origin: origin, effect: effect))
            }
        }
        return actions
    }

    /// The store has committed everything up to `ticket`.
    package mutating func committed(through ticket: UInt64) -> [Effect] {
        var effects: [Effect] = []
        release(through: ticket) { if let effect = $0.effect.take() { effects.append(effect) } }
        return effects
    }

    /// The store refused the change of `ticket`.
    ///
    /// What its decision was about to tell is withdrawn, and its request is answered with an
    /// error. So are its owner's requests behind it: their results may rest on what was refused.
    /// All else goes out: a friend's message is lost by no full disk.
    ///
    /// - Returns: whose state is to be read again, and what goes out.
    package mutating func refused(_ ticket: UInt64) -> (owner: JID?, effects: [Effect]) {
        let refused = origins[ticket]
        var effects: [Effect] = []
        release(through: ticket) { held in
            guard let effect = held.effect.take() else { return }
            guard let refused, held.origin.owner == refused.owner else {
                return effects.append(effect)
            }
            if let failure = Self.failure(insteadOf: effect) {
                effects.append(failure)
            } else if held.origin.decision != refused.decision {
                effects.append(effect)
            }
        }
        if let owner = refused?.owner { withdrawItems(of: owner) }
        return (refused?.owner, effects)
    }

    /// What is still held of an owner may show an item that was refused: the answers to who asked
    /// for items fail, and last items are not sent.
    private mutating func withdrawItems(of owner: JID) {
        for index in gone..<held.count where held[index].origin.owner == owner {
            switch held[index].effect {
            case .notify(let notification)? where notification.event.stamp != nil:
                held[index].effect = nil
            case .route(let routed)?
            where routed.stanza.payload?.elements.contains { $0.name == "items" } == true:
                if let effect = held[index].effect, let failure = Self.failure(insteadOf: effect) {
                    held[index].effect = failure
                }
            default: break
            }
        }
    }

    /// The error that a request gets in place of its result; nil where the effect is no result.
    private static func failure(insteadOf effect: Effect) -> Effect? {
        guard case .route(var routed) = effect, routed.stanza.kind == .iq,
            routed.stanza.type == "result"
        else { return nil }
        let error = StanzaError(
            .internalServerError,
            .wait,
            text: "the server could not store it; nothing was changed"
        )
        routed.stanza.type = "error"
        routed.stanza.children = [.element(error.element)]
        return .route(routed)
    }

    /// Hands over what waited for the tickets, to be taken.
    private mutating func release(through ticket: UInt64, _ take: (inout Held) -> Void) {
        guard ticket > committed else { return }
        for done in (committed &+ 1)...ticket { origins[done] = nil }
        committed = ticket
        while gone < held.count, held[gone].barrier <= ticket {
            take(&held[gone])
            gone += 1
        }
        // Cut only now and then, so that a long queue costs no move per effect.
        if gone == held.count || gone > 4_096 {
            held.removeFirst(gone)
            gone = 0
        }
    }
}
