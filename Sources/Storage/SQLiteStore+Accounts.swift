import Foundation
import GRDB
package import Modules
package import XMPP

extension SQLiteStore {
    package func loadAccounts(_ receive: (AccountRecord) throws -> Void) throws {
        try pool.read { database in
            let rows = try Row.fetchCursor(database, sql: "SELECT * FROM accounts")
            while let row = try rows.next() { try receive(AccountRecord(row)) }
        }
    }

    package func loadMemberships(_ receive: (GroupMembership) throws -> Void) throws {
        try pool.read { database in
            let sql = "SELECT group_name, member FROM group_members"
            let rows = try Row.fetchCursor(database, sql: sql)
            while let row = try rows.next() {
                try receive(GroupMembership(group: row[0], member: JID(stored: row[1])))
            }
        }
    }

    package func account(_ jid: JID) throws -> AccountRecord? {
        try pool.read { database in
            let sql = "SELECT * FROM accounts WHERE jid = ?"
            return try Row.fetchOne(database, sql: sql, arguments: [jid.bare.description])
                .map { try AccountRecord($0) }
        }
    }

    static func apply(_ change: AccountChange, to database: Database) throws {
        switch change {
        case .save(let record): try save(record, database)
        case .remove(let jid): try remove(jid, database)
        case .join(let membership):
            let sql = "INSERT OR IGNORE INTO group_members (group_name, member) VALUES (?, ?)"
            try database.cachedStatement(sql: sql)
                .execute(arguments: [membership.group, membership.member.description])
        case .leave(let membership):
            let sql = "DELETE FROM group_members WHERE group_name = ? AND member = ?"
            try database.cachedStatement(sql: sql)
                .execute(arguments: [membership.group, membership.member.description])
        }
    }

    private static func save(_ record: AccountRecord, _ database: Database) throws {
        let statement = try database.cachedStatement(
            sql: """
                INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (jid) DO UPDATE SET
                    sha1_salt = excluded.sha1_salt,
                    sha1_iterations = excluded.sha1_iterations,
                    sha1_stored_key = excluded.sha1_stored_key,
                    sha1_server_key = excluded.sha1_server_key,
                    sha256_salt = excluded.sha256_salt,
                    sha256_iterations = excluded.sha256_iterations,
                    sha256_stored_key = excluded.sha256_stored_key,
                    sha256_server_key = excluded.sha256_server_key
                """
        )
        let arguments: [any DatabaseValueConvertible] =
            [record.jid.description] + record.credentials.sha1.columns
            + record.credentials.sha256.columns
        try statement.execute(arguments: StatementArguments(arguments))
    }

    /// Deletes the account and all that is its own or names it.
    private static func remove(_ jid: JID, _ database: Database) throws {
        let name = jid.bare.description
        // Its roster and memberships go with it: ON DELETE CASCADE.
        for sql in [
            "DELETE FROM accounts WHERE jid = ?",
            "DELETE FROM roster_items WHERE contact = ? AND listed = 0",
            """
            UPDATE roster_items
            SET receives = 0, sends = 0, asking = 0, asked = 0, approved = 0
            WHERE contact = ?
            """,
            "DELETE FROM nodes WHERE owner = ?",
            "DELETE FROM affiliations WHERE jid = ?",
            "DELETE FROM subscriptions WHERE account = ?",
        ] {
            try database.cachedStatement(sql: sql).execute(arguments: [name])
        }
    }
}

extension AccountRecord {
    fileprivate init(_ row: Row) throws {
        self.init(
            try JID(stored: row["jid"]),
            ScramCredentials(
                sha1: ScramSecrets(row, "sha1"),
                sha256: ScramSecrets(row, "sha256")
            )
        )
    }
}

extension ScramSecrets {
    fileprivate init(_ row: Row, _ hash: String) {
        self.init(
            salt: [UInt8](row["\(hash)_salt"] as Data),
            iterations: row["\(hash)_iterations"],
            storedKey: [UInt8](row["\(hash)_stored_key"] as Data),
            serverKey: [UInt8](row["\(hash)_server_key"] as Data)
        )
    }

    fileprivate var columns: [any DatabaseValueConvertible] {
        [Data(salt), iterations, Data(storedKey), Data(serverKey)]
    }
}
