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
        /// Hands a change to the store, which answers with the ticket once it is committed.
        case commit(Change, ticket: UInt64)
        /// Hands a change to the store, which answers nothing.
        case write(Change, Durability)
    }

    private struct Held {
        let barrier: UInt64
        let owner: JID
        let effect: Effect
    }

    private var held: [Held] = []
    /// Entries of `held` that are gone already; they are cut off in one go.
    private var gone = 0
    private var submitted: UInt64 = 0
    private var committed: UInt64 = 0
    /// Whose changes the store refused, by ticket.
    private var owners: [UInt64: JID] = [:]

    package init() {}

    /// Whether so much waits for the store that nothing more should be begun.
    package var isFull: Bool { held.count - gone >= Self.heldMaximum }

    /// Adds the effects of one decision about `owner`; those that wait for nothing come back.
    package mutating func add(_ effects: [Effect], owner: JID) -> [Action] {
        var actions: [Action] = []
        actions.reserveCapacity(effects.count)
        for effect in effects {
            if case .store(let change, let durability) = effect {
                guard durability == .immediate else {
                    if durability == .behind { actions.append(.write(change, durability)) }
                    continue
                }
                submitted &+= 1
                owners[submitted] = owner
                actions.append(.commit(change, ticket: submitted))
            } else if committed == submitted {
                actions.append(.perform(effect))
            } else {
                held.append(Held(barrier: submitted, owner: owner, effect: effect))
            }
        }
        return actions
    }

    /// The store has committed everything up to `ticket`.
    package mutating func committed(through ticket: UInt64) -> [Effect] {
        release(through: ticket) { [$0.effect] }
    }

    /// The store refused the change of `ticket`.
    ///
    /// What its owner was about to be told is withdrawn, requests are answered with an error.
    ///
    /// - Returns: whose state is to be read again, and what goes out.
    package mutating func refused(_ ticket: UInt64) -> (owner: JID?, effects: [Effect]) {
        let owner = owners[ticket]
        let effects = release(through: ticket) { held in
            held.owner == owner ? Self.withdrawn(held.effect) : [held.effect]
        }
        return (owner, effects)
    }

    private static func withdrawn(_ effect: Effect) -> [Effect] {
        guard case .route(var routed) = effect, routed.stanza.kind == .iq,
            routed.stanza.type == "result"
        else { return [] }
        let error = StanzaError(
            .internalServerError,
            .wait,
            text: "the server could not store it; nothing was changed"
        )
        routed.stanza.type = "error"
        routed.stanza.children = [.element(error.element)]
        return [.route(routed)]
    }

    private mutating func release(
        through ticket: UInt64,
        _ transform: (Held) -> [Effect]
    ) -> [Effect] {
        guard ticket > committed else { return [] }
        for done in (committed &+ 1)...ticket { owners[done] = nil }
        committed = ticket
        var effects: [Effect] = []
        while gone < held.count, held[gone].barrier <= ticket {
            effects += transform(held[gone])
            gone += 1
        }
        // Cut only now and then, so that a long queue costs no move per effect.
        if gone == held.count || gone > 4_096 {
            held.removeFirst(gone)
            gone = 0
        }
        return effects
    }
}
