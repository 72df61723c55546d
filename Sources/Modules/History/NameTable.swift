/// Rows by name, in the order in which they first came.
///
/// Samples of one agent list their numbers in the same order each time, so a row is looked for
/// where the one before it was found; a dictionary is kept only where there are many.
struct NameTable<Row: NamedRow>: Sendable {
    /// Rows up to which a walk is cheaper than a dictionary's memory.
    private static var walkedRowsMaximum: Int { 16 }

    private(set) var rows: [Row] = []
    private var positions: [String: Int] = [:]
    private var next = 0

    /// Starts at the first row again: a new sample begins.
    mutating func rewind() {
        next = 0
    }

    /// Where the row of that name is; nil when there is none.
    mutating func position(of name: String) -> Int? {
        if next < rows.count, rows[next].name == name {
            next += 1
            return next - 1
        }
        guard let found = find(name) else { return nil }
        next = found + 1
        return found
    }

    private func find(_ name: String) -> Int? {
        rows.count <= Self.walkedRowsMaximum
            ? rows.firstIndex { $0.name == name } : positions[name]
    }

    /// Adds a row whose name is not there, and says where.
    mutating func append(_ row: Row) -> Int {
        rows.append(row)
        if rows.count == Self.walkedRowsMaximum + 1 {
            index()
        } else if rows.count > Self.walkedRowsMaximum {
            positions[row.name] = rows.count - 1
        }
        next = rows.count
        return rows.count - 1
    }

    /// Changes a row in its place; a position that is none changes nothing.
    mutating func change(at position: Int, _ change: (inout Row) -> Void) {
        guard rows.indices.contains(position) else { return }
        change(&rows[position])
    }

    /// Changes every row.
    mutating func changeAll(_ change: (inout Row) -> Void) {
        for position in rows.indices { change(&rows[position]) }
    }

    /// Leaves out the rows that are no longer wanted.
    mutating func removeAll(where isUnwanted: (Row) -> Bool) {
        let count = rows.count
        rows.removeAll(where: isUnwanted)
        next = 0
        if rows.count != count { index() }
    }

    private mutating func index() {
        positions = [:]
        guard rows.count > Self.walkedRowsMaximum else { return }
        for (position, row) in rows.enumerated() { positions[row.name] = position }
    }
}

/// What a ``NameTable`` finds by its name.
protocol NamedRow: Sendable {
    var name: String { get }
}
