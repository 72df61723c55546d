import XMPP

/// What a change of configurations makes of the graph of collections: checked in whole before any
/// of it is done (XEP-0248 §7.2, §7.5, §7.6).
struct Placement: Sendable {
    let graph: CollectionGraph
    /// The nodes whose collections are others than before.
    private(set) var moved: [String] = []
    private(set) var begun: [Association] = []
    private(set) var ended: [Association] = []

    /// A node in a collection.
    struct Association: Sendable, Hashable {
        let parent: String
        let child: String
    }

    /// What lies between two graphs, for these nodes; without an earlier graph they are made with
    /// their collections.
    init(of children: [String], from old: CollectionGraph, to graph: CollectionGraph, new: String?)
    {
        self.graph = graph
        for child in children {
            let before = child == new ? [] : Set(old.parents(of: child))
            let after = Set(graph.parents(of: child))
            guard before != after else { continue }
            moved.append(child)
            begun += after.subtracting(before).sorted().map { .init(parent: $0, child: child) }
            ended += before.subtracting(after).sorted().map { .init(parent: $0, child: child) }
        }
    }
}

/// A change of collections that somebody asks for.
struct PlacementRequest {
    /// The collections that nodes shall be in, in the order in which that comes about.
    var moves: [(child: String, parents: [String])] = []
    /// A node that does not exist yet, or as it is to be.
    var changed: Node?
    /// Whether the changed node is to be made.
    var isNew = false
}

extension PubSubService {
    /// Whether nodes can be put into other collections, and what follows: nothing is changed yet.
    func placement(
        _ wanted: PlacementRequest,
        _ request: PubSubRequest
    ) throws(StanzaError) -> Placement {
        // First, for what else is wrong says how the nodes stand.
        try checkRights(wanted, request)
        var graph = collections
        var walk = CollectionWalk()
        for (child, parents) in wanted.moves {
            do throws(CollectionGraph.Refusal) {
                try graph.put(child, in: parents, &walk)
            } catch {
                throw error.stanzaError
            }
        }
        var seen: Set<String> = []
        let children = wanted.moves.map(\.child).filter { seen.insert($0).inserted }
        let placement = Placement(
            of: children,
            from: collections,
            to: graph,
            new: wanted.isNew ? wanted.changed?.name : nil
        )
        for parent in Set(placement.begun.map(\.parent)) where parent != CollectionGraph.root {
            try checkRoom(in: parent, graph, wanted)
        }
        if let changed = wanted.changed, changed.isCollection {
            try checkRoom(in: changed.name, graph, wanted)
        }
        return placement
    }

    /// Whether whoever asks may do all of it, be it possible or not.
    private func checkRights(
        _ wanted: PlacementRequest,
        _ request: PubSubRequest
    ) throws(StanzaError) {
        for (child, parents) in wanted.moves {
            let isNew = wanted.isNew && child == wanted.changed?.name
            let before = isNew ? [] : Set(collections.parents(of: child))
            let after = parents.isEmpty ? [CollectionGraph.root] : Set(parents)
            // What is in no other collection is in the root without anybody's leave.
            for parent in after.subtracting(before).sorted() where after != [CollectionGraph.root] {
                try allow(.init(parent: parent, child: child), wanted, request)
            }
            for parent in before.subtracting(after).sorted() {
                try allowEnd(of: .init(parent: parent, child: child), wanted, request)
            }
        }
    }

    /// XEP-0248 §7.2.3.1, §7.2.3.2: only collections have children, and they say who may add them.
    func allow(
        _ association: Placement.Association,
        _ wanted: PlacementRequest,
        _ request: PubSubRequest
    ) throws(StanzaError) {
        let child = try node(association.child, wanted)
        // The child's configuration changes as well.
        guard child.affiliation(of: request.from, request.relation).permissions.contains(.manage)
        else { throw StanzaError(.forbidden) }
        guard association.parent != CollectionGraph.root else { return }
        let parent = try node(association.parent, wanted)
        guard parent.isCollection else {
            throw .pubsub(
                .notAllowed,
                "invalid-options",
                text: "\(parent.name) is a leaf and holds no nodes"
            )
        }
        guard parent.takesChildren(from: request.from, request.relation) else {
            throw StanzaError(.forbidden)
        }
    }

    /// Who owns either of two nodes may part them.
    func allowEnd(
        of association: Placement.Association,
        _ wanted: PlacementRequest,
        _ request: PubSubRequest
    ) throws(StanzaError) {
        let ends = [association.child, association.parent].compactMap { name in
            name == wanted.changed?.name ? wanted.changed : nodes[name]
        }
        let mayPart = ends.contains {
            $0.affiliation(of: request.from, request.relation).permissions.contains(.manage)
        }
        guard mayPart else { throw StanzaError(.forbidden) }
    }

    /// A collection takes no more than it says (XEP-0248 §7.2.3.3).
    private func checkRoom(
        in parent: String,
        _ graph: CollectionGraph,
        _ wanted: PlacementRequest
    ) throws(StanzaError) {
        let maximum = try node(parent, wanted).configuration.childrenMaximum.count(
            orAtMost: PubSubLimits.childrenMaximum
        )
        guard graph.children(of: parent).count <= maximum else {
            throw .pubsub(
                .notAllowed,
                "max-nodes-exceeded",
                text: "\(parent) takes \(maximum) nodes at most"
            )
        }
    }

    private func node(_ name: String, _ wanted: PlacementRequest) throws(StanzaError) -> Node {
        if let changed = wanted.changed, changed.name == name { return changed }
        return try node(named: name)
    }
}

extension Node {
    /// Whether the entity may put nodes of its own into this collection.
    fileprivate func takesChildren(from jid: JID, _ relation: Relation) -> Bool {
        let affiliation = affiliation(of: jid, relation)
        if affiliation.permissions.contains(.manage) { return true }
        guard affiliation != .outcast else { return false }
        return switch configuration.childrenPolicy {
        case .owners: false
        case .whitelist: configuration.childrenWhitelist.contains(jid.bare)
        case .all: true
        }
    }
}

extension CollectionGraph.Refusal {
    /// What the requester is told (XEP-0248 §7.2.3.5, §7.5.3.3).
    var stanzaError: StanzaError {
        let text =
            switch self {
            case .cycle: "a collection can't be below itself"
            case .tooDeep: "collections go \(CollectionGraph.levelsMaximum) levels deep at most"
            case .tooManyParents:
                "a node is in \(CollectionGraph.parentsMaximum) collections at most"
            }
        return .pubsub(.notAllowed, "invalid-options", text: text)
    }
}

extension Bound {
    /// The number, or as much as there may be.
    func count(orAtMost maximum: Int) -> Int {
        switch self {
        case .count(let count): min(count, maximum)
        case .max: maximum
        }
    }
}
