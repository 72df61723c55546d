import Foundation
import Modules
import Storage
import XMPP

/// The stores that pass one suite.
enum StoreKind: String, CaseIterable, Sendable {
    case memory, sqlite
}

/// A directory of a test's own, removed with it.
final class Scratch: Sendable {
    let path: String

    init(_ mark: String = "") throws {
        path = NSTemporaryDirectory() + "lapwing-\(mark)\(UUID().uuidString)"
        try DataDirectory(path).create()
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var database: String { DataDirectory(path).databasePath }

    func open(_ kind: StoreKind) throws -> any Store {
        switch kind {
        case .memory: MemoryStore()
        case .sqlite: try SQLiteStore(path: database)
        }
    }
}

extension JID {
    /// An account of the tests' domain.
    static func account(_ name: String) -> JID {
        JID(normalizedLocal: name, domain: "example.org")
    }
}

extension AccountRecord {
    static func sample(_ name: String, salt: UInt8 = 1) -> AccountRecord {
        let secret = ScramSecrets(
            salt: [salt, 0, 255],
            iterations: 4096,
            storedKey: [2, 3],
            serverKey: [4]
        )
        return AccountRecord(.account(name), ScramCredentials(sha1: secret, sha256: secret))
    }
}

extension Store {
    var accounts: [AccountRecord] {
        get throws {
            var result: [AccountRecord] = []
            try loadAccounts { result.append($0) }
            return result.sorted { "\($0.jid)" < "\($1.jid)" }
        }
    }

    var memberships: Set<GroupMembership> {
        get throws {
            var result: Set<GroupMembership> = []
            try loadMemberships { result.insert($0) }
            return result
        }
    }

    var rosters: [JID: Set<RosterItem>] {
        get throws {
            var result: [JID: Set<RosterItem>] = [:]
            try loadRosters { result[$0, default: []].insert($1) }
            return result
        }
    }

    func apply(_ changes: StoreChange...) throws {
        try apply(changes)
    }
}
