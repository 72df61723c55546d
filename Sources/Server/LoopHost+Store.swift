import Dispatch
import Logging
import Modules
import NIOCore
import Platform
import Storage
import XMPP

// What comes back from the store, and what is asked of it.
extension LoopHost: StoreClient {
    /// Hands the writer all that waits for it: before this loop does anything else, so that what it
    /// promised to store is lost by no end of the server.
    func handOver() {
        guard !batch.isEmpty else { return }
        writer.submit(batch, for: self)
        batch = StoreBatch()
    }

    /// Has the writer call back behind all that the store was asked already.
    private func behindWhatWasAsked(_ body: @escaping @Sendable () -> Void) {
        handOver()
        writer.submit([], .immediate) { _ in body() }
    }

    nonisolated func stored(_ outcomes: [StoreOutcome]) {
        loop.execute { self.assumeIsolated { $0.learn(outcomes) } }
    }

    private func learn(_ outcomes: [StoreOutcome]) {
        for outcome in outcomes {
            switch outcome {
            case .committed(let ticket):
                for effect in outbox.committed(through: ticket) { perform(effect) }
            case .refused(let ticket, let error):
                let (owner, effects) = outbox.refused(ticket)
                log.error("the store refused a change: \(error)")
                for effect in effects { perform(effect) }
                if let owner { restore(owner) }
            }
            take([])
        }
    }

    /// Reads an account again after the store refused one of its changes, so that memory says what
    /// the disk says.
    ///
    /// Meanwhile nothing of the account is decided: a change that is committed after the reading
    /// would be on the disk and, once what was read is taken over, not in memory.
    private func restore(_ owner: JID) {
        guard suspensions.begin(owner) else { return }
        let service = shard.services[owner]?.profile
        behindWhatWasAsked { [loop, reading, store, profile, log] in
            reading.async {
                var restored: Restored?
                do {
                    let nodes = try store.nodes(of: owner)
                    if let service {
                        let service = PubSubService(owner: owner, profile: service, nodes: nodes)
                        restored = .service(service)
                    } else {
                        let roster = Roster(try store.roster(of: owner))
                        restored = .account(
                            Account(jid: owner, roster: roster, nodes: nodes, profile: profile)
                        )
                    }
                } catch {
                    log.error("\(owner) cannot be read again: \(error)")
                }
                loop.execute { [restored] in
                    self.assumeIsolated { $0.resume(owner, with: restored) }
                }
            }
        }
    }

    private enum Restored: Sendable {
        case account(Account)
        case service(PubSubService)
    }

    private func resume(_ owner: JID, with restored: Restored?) {
        switch restored {
        case .account(let account): shard.restore(account)
        case .service(let service): shard.restore(service)
        case nil: break
        }
        carryOut(shard.started(owner, at: .now), of: owner)
        take(suspensions.end(owner))
    }

    func load(_ request: LoadRequest, for owner: JID) {
        let place = shard.place(of: request, for: owner)
        guard request.isQuestion else { return read(request, at: place, for: owner) }
        let target = placement.loop(of: place.owner)
        post(.recall(request, of: place.owner, node: place.node, for: owner), to: target)
    }

    /// Has what is asked for read where it is kept, and handed to who wants it.
    func read(_ request: LoadRequest, at place: (owner: JID, node: String), for owner: JID) {
        let target = placement.loop(of: owner)
        guard hosts.indices.contains(target) else { return }
        let host = hosts[target]
        let read = { @Sendable [reading, store, log] in
            reading.async {
                var loaded = request.answered([:])
                do {
                    loaded = try request.answered(by: store, owner: place.owner, node: place.node)
                } catch {
                    log.error("items of \(owner) cannot be read: \(error)")
                }
                host.loop.execute { [loaded] in
                    host.assumeIsolated { $0.take(loaded, for: owner) }
                }
            }
        }
        guard request.isBehind else { return read() }
        // Some of it may be what is wanted.
        behindWhatWasAsked(read)
    }

    private func take(_ loaded: LoadedItems, for owner: JID) {
        carryOut(shard.loaded(loaded, for: owner, at: .now), of: owner)
        take([])
    }
}

// When the server stops.
extension LoopHost {
    /// The accounts of whose nodes minutes and hours are under way.
    var rememberers: [JID] { shard.rememberers }

    /// Has what those accounts have under way written.
    func finishHistory(of accounts: ArraySlice<JID>) {
        for account in accounts {
            carryOut(shard.finishHistory(of: account, at: .now), of: account)
        }
        take([])
    }
}

extension StoreChange {
    init(_ change: Change) {
        switch change {
        case .roster(let change): self = .roster(change)
        case .pubsub(let change): self = .pubsub(change)
        }
    }
}
