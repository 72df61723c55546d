import GRDB

extension SQLiteStore {
    /// Brings the schema up to date; a database of a later version is left alone.
    static func migrate(_ pool: DatabasePool) throws {
        if try pool.read(migrator.hasBeenSuperseded) {
            throw StoreError(
                .tooNew,
                "the database was written by a later version of Lapwing; install that version, "
                    + "or restore a backup made before the upgrade"
            )
        }
        try migrator.migrate(pool)
    }

    /// The way of the schema from the first version on.
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("Create accounts, group members and rosters") { database in
            try database.execute(sql: accountsAndRosters)
        }
        migrator.registerMigration("Create nodes, items and subscriptions") { database in
            try database.execute(sql: nodes)
        }
        migrator.registerMigration("Create the history of nodes") { database in
            try database.execute(sql: history)
        }
        migrator.registerMigration("Keep when items were created") { database in
            // Nothing for an item of before: when it was published then.
            try database.execute(sql: "ALTER TABLE items ADD COLUMN created INTEGER")
        }
        migrator.registerMigration("Publish items again in place") { database in
            try database.execute(sql: itemsInPlace)
        }
        return migrator
    }

    private static let accountsAndRosters = """
        CREATE TABLE accounts (
            jid TEXT NOT NULL PRIMARY KEY,
            sha1_salt BLOB NOT NULL,
            sha1_iterations INTEGER NOT NULL CHECK (sha1_iterations > 0),
            sha1_stored_key BLOB NOT NULL,
            sha1_server_key BLOB NOT NULL,
            sha256_salt BLOB NOT NULL,
            sha256_iterations INTEGER NOT NULL CHECK (sha256_iterations > 0),
            sha256_stored_key BLOB NOT NULL,
            sha256_server_key BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;

        -- Random numbers that outlive the process.
        CREATE TABLE server_keys (
            name TEXT NOT NULL PRIMARY KEY,
            value BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        INSERT INTO server_keys VALUES ('pretence', randomblob(32));

        CREATE TABLE group_members (
            group_name TEXT NOT NULL CHECK (group_name <> ''),
            member TEXT NOT NULL REFERENCES accounts (jid) ON DELETE CASCADE,
            PRIMARY KEY (group_name, member)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX group_members_by_member ON group_members (member);

        -- Empty name: none. Groups are separated by U+001F, which XML has no way to carry.
        CREATE TABLE roster_items (
            owner TEXT NOT NULL REFERENCES accounts (jid) ON DELETE CASCADE,
            contact TEXT NOT NULL,
            name TEXT NOT NULL,
            groups TEXT NOT NULL,
            receives INTEGER NOT NULL CHECK (receives IN (0, 1)),
            sends INTEGER NOT NULL CHECK (sends IN (0, 1)),
            asking INTEGER NOT NULL CHECK (asking IN (0, 1)),
            asked INTEGER NOT NULL CHECK (asked IN (0, 1)),
            approved INTEGER NOT NULL CHECK (approved IN (0, 1)),
            listed INTEGER NOT NULL CHECK (listed IN (0, 1)),
            PRIMARY KEY (owner, contact)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX roster_items_by_contact ON roster_items (contact);
        """

    private static let nodes = """
        CREATE TABLE nodes (
            id INTEGER NOT NULL PRIMARY KEY,
            owner TEXT NOT NULL,
            name TEXT NOT NULL,
            configuration TEXT NOT NULL CHECK (json_valid(configuration)),
            UNIQUE (owner, name)
        ) STRICT;

        CREATE TABLE affiliations (
            node INTEGER NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
            jid TEXT NOT NULL,
            affiliation TEXT NOT NULL,
            PRIMARY KEY (node, jid)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX affiliations_by_jid ON affiliations (jid);

        CREATE TABLE subscriptions (
            node INTEGER NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
            id TEXT NOT NULL,
            jid TEXT NOT NULL,
            account TEXT NOT NULL,
            state TEXT NOT NULL,
            options TEXT NOT NULL CHECK (json_valid(options)),
            PRIMARY KEY (node, id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX subscriptions_by_account ON subscriptions (account);

        -- An item that is published again gets the highest sequence: it is the newest then.
        CREATE TABLE items (
            sequence INTEGER NOT NULL PRIMARY KEY,
            node INTEGER NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
            id TEXT NOT NULL,
            publisher TEXT NOT NULL,
            published INTEGER NOT NULL,
            payload BLOB,
            UNIQUE (node, id)
        ) STRICT;
        CREATE INDEX items_by_node ON items (node);
        """

    private static let history = """
        -- Resolution in seconds, start in milliseconds since 1970.
        CREATE TABLE history (
            node INTEGER NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
            resolution INTEGER NOT NULL CHECK (resolution > 0),
            start INTEGER NOT NULL,
            payload BLOB NOT NULL,
            PRIMARY KEY (node, resolution, start)
        ) STRICT, WITHOUT ROWID;
        """

    private static let itemsInPlace = """
        -- Numbers that only ever grow; whoever writes takes a block of them at a time.
        CREATE TABLE counters (
            name TEXT NOT NULL PRIMARY KEY,
            value INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        INSERT INTO counters SELECT 'items', coalesce(max(sequence), 0) + 1 FROM items;

        -- An item that is published again stays where it is and gets the highest sequence: it is
        -- the newest then.
        CREATE TABLE items_in_place (
            place INTEGER NOT NULL PRIMARY KEY,
            sequence INTEGER NOT NULL,
            node INTEGER NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
            id TEXT NOT NULL,
            publisher TEXT NOT NULL,
            published INTEGER NOT NULL,
            created INTEGER NOT NULL,
            payload BLOB,
            UNIQUE (node, id)
        ) STRICT;
        INSERT INTO items_in_place (sequence, node, id, publisher, published, created, payload)
            SELECT sequence, node, id, publisher, published, coalesce(created, published), payload
            FROM items ORDER BY sequence;
        DROP TABLE items;
        ALTER TABLE items_in_place RENAME TO items;
        """
}
