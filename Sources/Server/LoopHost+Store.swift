import Dispatch
import Logging
import Modules
import NIOCore
import Platform
import Storage
import XMPP

// What comes back from the store, and what is asked of it.
extension LoopHost {
    func stored(_ ticket: UInt64, _ result: Result<Void, StoreError>) {
        switch result {
        case .success:
            for effect in outbox.committed(through: ticket) { perform(effect) }
        case .failure(let error):
            let (owner, effects) = outbox.refused(ticket)
            log.error("the store refused a change: \(error)")
            for effect in effects { perform(effect) }
            if let owner { restore(owner) }
        }
        take([])
    }

    /// Reads an account again after the store refused one of its changes, so that memory says what
    /// the disk says.
    ///
    /// Meanwhile nothing of the account is decided: a change that is committed after the reading
    /// would be on the disk and, once what was read is taken over, not in memory.
    private func restore(_ owner: JID) {
        guard suspensions.begin(owner) else { return }
        let service = shard.services[owner]?.profile
        // Behind all that the store was asked already.
        writer.submit([], .immediate) { [loop, reading, store, profile, log] _ in
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
        let read = reader(of: request, for: owner)
        guard request.isBehind else { return read() }
        // Behind all that the store was asked already: some of it may be what is wanted.
        writer.submit([], .immediate) { _ in read() }
    }

    private func reader(of request: LoadRequest, for owner: JID) -> @Sendable () -> Void {
        let place = shard.place(of: request, for: owner)
        return { [self, loop, reading, store, log] in
            reading.async {
                var loaded = request.answered([:])
                do {
                    loaded = try request.answered(by: store, owner: place.owner, node: place.node)
                } catch {
                    log.error("items of \(owner) cannot be read: \(error)")
                }
                loop.execute { [loaded] in
                    self.assumeIsolated { host in
                        host.carryOut(
                            host.shard.loaded(loaded, for: owner, at: Instant.now),
                            of: owner
                        )
                        host.take([])
                    }
                }
            }
        }
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
