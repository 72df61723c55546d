/// Which node is in which collections: a graph without cycles, of no great depth (XEP-0248 §4.1).
///
/// The root, which has no name (§8.1), holds every node that is in no other collection without
/// saying. It answers for the names that are put in; whether there are such nodes is for the
/// service to know.
struct CollectionGraph: Sendable, Equatable {
    /// The name of the root.
    static let root = ""
    /// Levels of collections below the root: more than any fleet is divided into, and few enough
    /// to walk up at every change.
    static let levelsMaximum = 16
    /// Collections that one node may be in: each costs a look at every change of whom it reaches.
    static let parentsMaximum = 16

    /// Collections of the nodes that are not in the root alone; sorted, the root first.
    private var parentsByChild: [String: [String]] = [:]
    private var childrenByParent: [String: Set<String>] = [:]

    /// Why nodes cannot be put together so.
    enum Refusal: Error, Hashable {
        case cycle
        case tooDeep
        case tooManyParents
    }

    var isEmpty: Bool { parentsByChild.isEmpty }

    /// The collections that a node is in, the root among them or alone.
    func parents(of name: String) -> [String] { parentsByChild[name] ?? [Self.root] }

    /// The nodes in a collection; of the root only those that are in another one as well.
    func children(of name: String) -> Set<String> { childrenByParent[name] ?? [] }

    func isInRoot(_ name: String) -> Bool {
        parentsByChild[name]?.first.map { $0 == Self.root } ?? true
    }

    func contains(_ child: String, in parent: String) -> Bool {
        parents(of: child).contains(parent)
    }

    /// All collections above a node, the root included, with how many levels up each is on the
    /// shortest way.
    func ancestors(of name: String) -> [(name: String, distance: Int)] {
        guard name != Self.root else { return [] }
        var found: [(name: String, distance: Int)] = []
        var seen: Set<String> = []
        var level = [name]
        for distance in 1...(Self.levelsMaximum + 1) {
            var next: [String] = []
            for child in level where child != Self.root {
                for parent in parents(of: child) where seen.insert(parent).inserted {
                    found.append((parent, distance))
                    next.append(parent)
                }
            }
            level = next
        }
        return found
    }

    /// All nodes below a collection.
    func descendants(of name: String) -> Set<String> { descendants(of: [name]) }

    /// All nodes below any of these.
    func descendants(of names: [String]) -> Set<String> {
        var found: Set<String> = []
        var next = names.flatMap { children(of: $0) }
        while let child = next.popLast() {
            guard found.insert(child).inserted else { continue }
            next += children(of: child)
        }
        return found
    }

    /// Puts a node into these collections and takes it out of all others; none is the root.
    mutating func put(_ child: String, in parents: [String]) throws(Refusal) {
        var walk = CollectionWalk()
        try put(child, in: parents, &walk)
    }

    /// The same for one of several nodes, with what is known from those before it.
    mutating func put(
        _ child: String,
        in parents: [String],
        _ walk: inout CollectionWalk
    ) throws(Refusal) {
        let named = Set(parents)
        guard named.count <= Self.parentsMaximum else { throw .tooManyParents }
        let wanted: Set = named.isEmpty ? [Self.root] : named
        let before = Set(self.parents(of: child))
        guard wanted != before else { return }
        // Where it is already it makes no cycle and is not too deep.
        let joined = wanted.subtracting(before).subtracting([Self.root])
        for parent in joined where walk.way(up: parent, in: self).names.contains(child) {
            throw .cycle
        }
        for parent in joined {
            // The parent's own level, the one below it for the child, and what is below that.
            let levels = walk.way(up: parent, in: self).length + walk.height(of: child, in: self)
            guard levels <= Self.levelsMaximum else { throw .tooDeep }
        }
        for parent in before { unlink(child, from: parent) }
        parentsByChild[child] = wanted == [Self.root] ? nil : wanted.sorted()
        if parentsByChild[child] != nil {
            for parent in wanted { childrenByParent[parent, default: []].insert(child) }
        }
        walk.forget(child, under: before.symmetricDifference(wanted))
    }

    /// Takes a node out, and what was in it: returns its children with the collections that are
    /// left to them (XEP-0248 §8.2).
    mutating func remove(_ name: String) -> [(child: String, parents: [String])] {
        for parent in parents(of: name) { unlink(name, from: parent) }
        parentsByChild[name] = nil
        var orphans: [(child: String, parents: [String])] = []
        for child in children(of: name).sorted() {
            let left = parents(of: child).filter { $0 != name }
            unlink(child, from: name)
            if left.isEmpty || left == [Self.root] {
                parentsByChild[child] = nil
                unlink(child, from: Self.root)
            } else {
                parentsByChild[child] = left
            }
            orphans.append((child, parents(of: child)))
        }
        return orphans
    }

    private mutating func unlink(_ child: String, from parent: String) {
        childrenByParent[parent]?.remove(child)
        if childrenByParent[parent]?.isEmpty == true { childrenByParent[parent] = nil }
    }
}
