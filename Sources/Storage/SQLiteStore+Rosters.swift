import GRDB
package import Modules
package import XMPP

extension SQLiteStore {
    /// Stands between a contact's groups: XML has no way to carry it.
    private static let separator: Character = "\u{1F}"

    package func loadRosters(_ receive: (_ owner: JID, _ item: RosterItem) throws -> Void) throws {
        try pool.read { database in
            let sql = "SELECT * FROM roster_items ORDER BY owner"
            let rows = try Row.fetchCursor(database, sql: sql)
            while let row = try rows.next() {
                try receive(JID(stored: row["owner"]), Self.item(row))
            }
        }
    }

    package func roster(of owner: JID) throws -> [RosterItem] {
        try pool.read { database in
            let sql = "SELECT * FROM roster_items WHERE owner = ?"
            return try Row.fetchAll(database, sql: sql, arguments: [owner.description])
                .map(Self.item)
        }
    }

    static func apply(_ change: RosterChange, to database: Database) throws {
        switch change {
        case .save(let owner, let item):
            let sql = "INSERT OR REPLACE INTO roster_items VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            try database.cachedStatement(sql: sql).execute(
                arguments: [
                    owner.description, item.jid.description, item.name ?? "",
                    item.groups.joined(separator: String(separator)),
                    item.to, item.from, item.asking, item.asked, item.approved, item.isListed,
                ]
            )
        case .remove(let owner, let contact):
            let sql = "DELETE FROM roster_items WHERE owner = ? AND contact = ?"
            try database.cachedStatement(sql: sql)
                .execute(arguments: [owner.description, contact.description])
        }
    }

    private static func item(_ row: Row) throws -> RosterItem {
        let name: String = row["name"]
        let groups: String = row["groups"]
        var item = RosterItem(
            try JID(stored: row["contact"]),
            name: name.isEmpty ? nil : name,
            groups: groups.split(separator: separator).map(String.init),
            to: row["receives"],
            from: row["sends"],
            asking: row["asking"],
            asked: row["asked"],
            approved: row["approved"]
        )
        item.isListed = row["listed"]
        return item
    }
}
