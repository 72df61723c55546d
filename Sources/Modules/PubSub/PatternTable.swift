import Filter

/// What holds subscriptions and is no node, by name: names with wildcards, found by the names that
/// they cover, and the root of the collections.
///
/// A tree by levels: what covers a name is found by stepping down its levels, however many others
/// there are.
struct PatternTable: Sendable {
    private var holders: [String: Node] = [:]
    private var root = Branch()

    private struct Branch: Sendable {
        /// By level, wildcards as they are written.
        var next: [String: Branch] = [:]
        /// The pattern that ends here.
        var holder: String?
    }

    subscript(name: String) -> Node? {
        get { holders[name] }
        set {
            let pattern = newValue?.pattern ?? holders[name]?.pattern
            holders[name] = newValue
            guard let pattern else { return }
            Self.put(newValue == nil ? nil : name, at: pattern.levels[...], in: &root)
        }
    }

    /// The filters of a holder's subscriptions, without a copy of the holder.
    func filters(of name: String) -> FilterIndex<String>? {
        holders.index(forKey: name).map { holders.values[$0].subscriptions.filters }
    }

    var isEmpty: Bool { holders.isEmpty }

    /// In no particular order.
    var all: [Node] { Array(holders.values) }

    /// Changes a holder where it stands.
    mutating func update<Result>(_ name: String, _ change: (inout Node) -> Result) -> Result? {
        guard let index = holders.index(forKey: name) else { return nil }
        return change(&holders.values[index])
    }

    /// The holders whose patterns cover the name.
    func covering(_ name: String) -> [Node] {
        guard !holders.isEmpty else { return [] }
        var names: [String] = []
        let levels = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        Self.collect(levels[...], in: root, &names)
        return names.compactMap { holders[$0] }
    }

    private static func put(
        _ name: String?,
        at levels: ArraySlice<String>,
        in branch: inout Branch
    ) {
        guard let level = levels.first else {
            branch.holder = name
            return
        }
        put(name, at: levels.dropFirst(), in: &branch.next[level, default: Branch()])
        if let below = branch.next[level], below.holder == nil, below.next.isEmpty {
            branch.next[level] = nil
        }
    }

    private static func collect(
        _ levels: ArraySlice<String>,
        in branch: Branch,
        _ names: inout [String]
    ) {
        guard let level = levels.first else {
            if let holder = branch.holder { names.append(holder) }
            return
        }
        if let holder = branch.next["#"]?.holder { names.append(holder) }
        let rest = levels.dropFirst()
        if level != "*", let below = branch.next["*"] { collect(rest, in: below, &names) }
        if let below = branch.next[level] { collect(rest, in: below, &names) }
    }
}
