import Configuration
import Foundation
import Modules
import Storage
import XMPP

/// Works on a stopped server's store, whose data directory it holds meanwhile.
final class StoppedServer: Administrator {
    private let target: Target
    private let lock: DataDirectoryLock
    private let store: SQLiteStore
    private let writer: StoreWriter

    init(_ target: Target, _ directory: DataDirectory, _ lock: DataDirectoryLock) throws {
        self.target = target
        self.lock = lock
        try directory.prepare(file: directory.databasePath)
        store = try SQLiteStore(path: directory.databasePath)
        writer = StoreWriter(store)
    }

    /// Writes everything; the lock goes with the object.
    func close() {
        writer.close()
    }

    func perform(_ request: ControlRequest) async -> ControlReply {
        do {
            return try await answer(request)
        } catch {
            return .refused(.init(.failed, "\(error)"))
        }
    }

    private func answer(_ request: ControlRequest) async throws -> ControlReply {
        switch request {
        case .register(let record):
            if let refusal = refusal(ofHost: record.jid.domain) { return .refused(refusal) }
            if try store.account(record.jid) != nil {
                return .refused(.init(.exists, "User \(record.jid) already registered"))
            }
            return try await apply(.save(record))
        case .unregister(let jid): return try await withAccount(jid) { .remove(jid) }
        case .changePassword(let record):
            return try await withAccount(record.jid) { .save(record) }
        case .users(let host):
            let users = try users(host)
            // Accounts of a domain that is served no more are still there.
            if users.isEmpty, let host, let refusal = refusal(ofHost: host) {
                return .refused(refusal)
            }
            return .users(users)
        case .join(let membership): return try await join(membership)
        case .leave(let membership): return try await leave(membership)
        case .groups: return .groups(try groups())
        case .hosts, .status, .federation, .links, .why:
            return .refused(.init(.failed, "the server is not running"))
        }
    }

    private func apply(_ change: AccountChange) async throws -> ControlReply {
        try await writer.apply([.account(change)])
        return .done
    }

    private func withAccount(_ jid: JID, _ change: () -> AccountChange) async throws -> ControlReply
    {
        guard try store.account(jid) != nil else {
            return .refused(.init(.missing, "User \(jid) is not registered"))
        }
        return try await apply(change())
    }

    private func refusal(ofHost host: String) -> ControlReply.Refusal? {
        guard target.knowsDomain else { return nil }
        // As the addresses are normalised, so are the configured domains here.
        let served = target.configuration.domains.map {
            (try? JID(local: nil, domain: $0))?.domain ?? $0
        }
        return served.contains(host) ? nil : .notServed(host, but: served)
    }

    private func users(_ host: String?) throws -> [JID] {
        var users: [JID] = []
        try store.loadAccounts { account in
            if host == nil || account.jid.domain == host { users.append(account.jid) }
        }
        return users.sorted { "\($0)" < "\($1)" }
    }

    private func members() throws -> [String: [JID]] {
        var members: [String: [JID]] = [:]
        try store.loadMemberships { members[$0.group, default: []].append($0.member) }
        return members.mapValues { $0.sorted { "\($0)" < "\($1)" } }
    }

    private func join(_ membership: GroupMembership) async throws -> ControlReply {
        let names = target.configuration.groups.map(\.name)
        guard names.contains(membership.group) else {
            let known = names.sorted().joined(separator: ", ")
            return .refused(
                .init(.missing, "There is no group \(membership.group); configured are: \(known)")
            )
        }
        if let refusal = refusal(ofHost: membership.member.domain) { return .refused(refusal) }
        if let refusal = membership.refusal { return .refused(refusal) }
        return try await withAccount(membership.member) { .join(membership) }
    }

    private func leave(_ membership: GroupMembership) async throws -> ControlReply {
        guard try members()[membership.group]?.contains(membership.member) == true else {
            return .refused(
                .init(.missing, "User \(membership.member) is not in group \(membership.group)")
            )
        }
        return try await apply(.leave(membership))
    }

    private func groups() throws -> [GroupListing] {
        let members = try members()
        return target.configuration.groups.sorted { $0.name < $1.name }.map {
            GroupListing(name: $0.name, sees: $0.sees, members: members[$0.name] ?? [])
        }
    }
}
