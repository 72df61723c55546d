import GRDB
import GRDBSQLite

/// A statement of the writer's connection, prepared once, whose parameters are bound directly.
///
/// GRDB's arguments are an array of boxes, which cost many times what SQLite takes for the row.
/// The statement is still GRDB's, and with it the connection and its transactions. After each run
/// it is reset, whatever came of it.
struct PreparedStatement {
    /// Kept because it ends the statement with itself.
    private let statement: Statement

    init(_ database: Database, _ sql: String) throws {
        statement = try database.makeStatement(sql: sql)
    }

    /// Binds a parameter, counted from 1.
    func bind(_ index: Int32, _ number: Int64) throws {
        try check(sqlite3_bind_int64(statement.sqliteStatement, index, number))
    }

    func bind(_ index: Int32, _ text: String) throws {
        try check(text.bind(to: statement.sqliteStatement, at: index))
    }

    /// Runs it to its end.
    func run() throws {
        let code = sqlite3_step(statement.sqliteStatement)
        guard code != SQLITE_DONE else {
            sqlite3_reset(statement.sqliteStatement)
            return
        }
        throw failure(code)
    }

    /// Runs it with the bytes as a parameter, which are not copied; nil is NULL.
    func run(_ index: Int32, _ blob: [UInt8]?) throws {
        guard let blob else {
            try check(sqlite3_bind_null(statement.sqliteStatement, index))
            return try run()
        }
        guard !blob.isEmpty else {
            try check(sqlite3_bind_zeroblob(statement.sqliteStatement, index, 0))
            return try run()
        }
        try blob.withUnsafeBytes { bytes in
            // Nothing is to point to the bytes when they are gone.
            defer { sqlite3_bind_null(statement.sqliteStatement, index) }
            try check(
                sqlite3_bind_blob64(
                    statement.sqliteStatement,
                    index,
                    bytes.baseAddress,
                    UInt64(bytes.count),
                    nil
                )
            )
            try run()
        }
    }

    /// Runs it to its end for the number in its first row; nil where there is no row.
    func number() throws -> Int64? {
        let code = sqlite3_step(statement.sqliteStatement)
        guard code == SQLITE_ROW else {
            guard code == SQLITE_DONE else { throw failure(code) }
            sqlite3_reset(statement.sqliteStatement)
            return nil
        }
        let number = sqlite3_column_int64(statement.sqliteStatement, 0)
        try run()
        return number
    }

    private func check(_ code: Int32) throws {
        if code != SQLITE_OK { throw failure(code) }
    }

    /// The error of the call before, which resetting would hide.
    private func failure(_ code: Int32) -> DatabaseError {
        let connection = sqlite3_db_handle(statement.sqliteStatement)
        let message = sqlite3_errmsg(connection).map { String(cString: $0) }
        sqlite3_reset(statement.sqliteStatement)
        return DatabaseError(resultCode: ResultCode(rawValue: code), message: message)
    }
}
