import Testing
import XMPP

@testable import Modules

@Suite struct OutboxTests {
    let romeo = JID(normalizedLocal: "romeo", domain: "example.com")
    let juliet = JID(normalizedLocal: "juliet", domain: "example.com")

    private func result(_ id: String) -> Effect {
        .route(Routed(Stanza(.iq, type: "result", id: id, from: romeo, to: romeo)))
    }

    private func save(_ durability: Durability) -> Effect {
        .store(.roster(.remove(owner: romeo, contact: juliet)), durability)
    }

    private func ids(_ effects: [Effect]) -> [String] {
        effects.compactMap {
            if case .route(let routed) = $0 { routed.stanza.id } else { nil }
        }
    }

    private func performed(_ actions: [Outbox.Action]) -> [String] {
        ids(actions.compactMap { if case .perform(let effect) = $0 { effect } else { nil } })
    }

    @Test func passesOnWhatWaitsForNothing() {
        var outbox = Outbox()
        #expect(performed(outbox.add([result("1")], owner: romeo)) == ["1"])
    }

    @Test func holdsWhatFollowsAStoreUntilItIsCommitted() {
        var outbox = Outbox()
        #expect(performed(outbox.add([save(.immediate), result("1")], owner: romeo)) == [])
        #expect(performed(outbox.add([result("2")], owner: juliet)) == [])
        #expect(ids(outbox.committed(through: 1)) == ["1", "2"])
        #expect(performed(outbox.add([result("3")], owner: romeo)) == ["3"])
    }

    @Test func holdsNothingForAStoreThatMayComeLater() {
        var outbox = Outbox()
        #expect(performed(outbox.add([save(.behind), result("1")], owner: romeo)) == ["1"])
    }

    /// A node is kept with its owner and its first item, or not at all.
    @Test func handsOverAllOfADecisionAtOnce() {
        var outbox = Outbox()
        let actions = outbox.add(
            [save(.immediate), save(.behind), result("1"), save(.immediate), result("2")],
            owner: romeo
        )
        let sizes = actions.map {
            if case .commit(let changes, _) = $0 { changes.count } else { 0 }
        }
        #expect(sizes == [3])
        #expect(ids(outbox.committed(through: 1)) == ["1", "2"])
    }

    @Test func promisesNothingOfADecisionThatWasRefused() {
        var outbox = Outbox()
        _ = outbox.add([save(.immediate), save(.immediate), result("1")], owner: romeo)
        _ = outbox.add([save(.immediate), result("2")], owner: juliet)
        #expect(ids(outbox.refused(1).effects) == ["1"])
        #expect(ids(outbox.committed(through: 2)) == ["2"])
    }

    @Test func releasesOnlyWhatTheCommitCovers() {
        var outbox = Outbox()
        _ = outbox.add([save(.immediate), result("1")], owner: romeo)
        _ = outbox.add([save(.immediate), result("2")], owner: romeo)
        #expect(ids(outbox.committed(through: 1)) == ["1"])
        #expect(ids(outbox.committed(through: 2)) == ["2"])
    }

    @Test func answersWithAnErrorWhatTheStoreRefused() throws {
        var outbox = Outbox()
        _ = outbox.add([save(.immediate), result("1")], owner: romeo)
        _ = outbox.add([result("2")], owner: juliet)
        let (owner, effects) = outbox.refused(1)
        #expect(owner == romeo)
        #expect(ids(effects) == ["1", "2"])
        let first = try #require(effects.first)
        guard case .route(let routed) = first else { throw StanzaError(.badRequest) }
        #expect(routed.stanza.error?.condition == .internalServerError)
        #expect(routed.stanza.error?.kind == .wait)
    }

    /// Only what the refused decision had to tell is taken back.
    @Test func passesOnWhatHasNothingToDoWithWhatTheStoreRefused() {
        var outbox = Outbox()
        let message = Effect.route(
            Routed(Stanza(.message, type: "chat", id: "chat", from: juliet, to: romeo))
        )
        let event = Effect.route(
            Routed(Stanza(.message, type: "headline", id: "event", from: romeo, to: juliet))
        )
        _ = outbox.add([save(.immediate), result("1"), event], owner: romeo)
        _ = outbox.add([message], owner: romeo)
        #expect(ids(outbox.refused(1).effects) == ["1", "chat"])
    }

    /// Items that were read from memory while the refusal was on its way may not be there.
    @Test func answersNoItemsThatTheStoreMayHaveRefused() throws {
        var outbox = Outbox()
        let items = Element("pubsub", Namespace.pubsub, [Element("items", Namespace.pubsub)])
        let answer = Stanza(.iq, type: "result", id: "2", from: romeo, to: juliet, [items])
        _ = outbox.add([save(.immediate), result("1")], owner: romeo)
        _ = outbox.add([save(.immediate), .route(Routed(answer))], owner: romeo)
        _ = outbox.add([save(.immediate), .route(Routed(answer))], owner: juliet)
        _ = outbox.refused(1)
        let types = outbox.committed(through: 3).map { effect -> String? in
            if case .route(let routed) = effect { routed.stanza.type } else { nil }
        }
        #expect(types == ["error", "result"])
    }

    @Test func saysWhenTooMuchWaits() {
        var outbox = Outbox()
        _ = outbox.add([save(.immediate)], owner: romeo)
        for _ in 0..<Outbox.heldMaximum - 1 { _ = outbox.add([result("x")], owner: romeo) }
        #expect(!outbox.isFull)
        _ = outbox.add([result("x")], owner: romeo)
        #expect(outbox.isFull)
        _ = outbox.committed(through: 1)
        #expect(!outbox.isFull)
    }
}
