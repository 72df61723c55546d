import XMPP

// Collections of nodes (XEP-0248).
extension PubSubService {
    // MARK: What is where

    /// The nodes of a collection, or of the root, in no particular order.
    func children(of collection: String) -> [Node] {
        if collection == CollectionGraph.root {
            guard !collections.isEmpty else { return Array(nodes.values) }
            return nodes.values.filter { collections.isInRoot($0.name) }
        }
        return collections.children(of: collection).compactMap { nodes[$0] }
    }

    /// Leaves below a collection, no further down than `depth`.
    func leaves(below collection: String, _ depth: SubscriptionOptions.Depth) -> [Node] {
        var seen: Set<String> = []
        var leaves: [Node] = []
        var level = [collection]
        for distance in 1...(CollectionGraph.levelsMaximum + 1) where depth.reaches(distance) {
            var next: [String] = []
            for node in level.flatMap({ children(of: $0) })
            where seen.insert(node.name).inserted {
                if node.isCollection { next.append(node.name) } else { leaves.append(node) }
            }
            level = next
        }
        return leaves
    }

    /// The configuration as its form shows it: with the children, which the graph knows
    /// (XEP-0248 §8.3).
    func configuration(of node: Node) -> NodeConfiguration {
        var configuration = node.configuration
        configuration.children = collections.children(of: node.name).sorted()
        return configuration
    }

    // MARK: What is asked for

    /// What the collections and the children that a node's configuration names come to.
    ///
    /// The changed node is given back as it is to be kept: the graph alone knows children.
    func placement(
        of node: inout Node,
        isNew: Bool,
        _ request: PubSubRequest
    ) throws(StanzaError) -> Placement {
        let before = nodes[node.name]
        // XEP-0248 §7.2.3.1, §7.2.3.4
        guard node.isCollection || before?.isCollection != true else {
            throw .pubsub(.notAllowed, "invalid-options", text: "a collection is no leaf again")
        }
        guard node.isCollection || node.configuration.children.isEmpty else {
            throw .pubsub(.notAllowed, "invalid-options", text: "a leaf holds no nodes")
        }
        let children = Set(node.configuration.children)
        let old = collections.children(of: node.name)
        node.configuration.children = []
        var wanted = PlacementRequest(changed: node, isNew: isNew)
        for child in old.subtracting(children).sorted() {
            let left = collections.parents(of: child).filter { $0 != node.name }
            wanted.moves.append((child, left))
        }
        let parents = node.configuration.collections
        wanted.moves.append((node.name, parents))
        for child in children.subtracting(old).sorted() {
            wanted.moves.append((child, collections.parents(of: child, joining: node.name)))
        }
        let placement = try placement(wanted, request)
        node.configuration.collections = placement.graph.parents(of: node.name)
        return placement
    }

    /// An owner's request to put a node into a collection, or to take it out (XEP-0248 §7.5, §7.6).
    mutating func associate(
        _ action: Element,
        _ request: PubSubRequest
    ) throws(StanzaError) -> [PubSubEffect] {
        guard let change = action.elements.first, action.elements.count == 1,
            let name = change["node"], !name.isEmpty
        else { throw .pubsub(.badRequest, "nodeid-required") }
        let parent = action["node"] ?? CollectionGraph.root
        if parent != CollectionGraph.root { _ = try node(named: parent) }
        let child = try node(named: name)
        let association = Placement.Association(parent: parent, child: name)
        let parents: [String]
        // Whether the node is in the collection is said to those alone who may change it.
        switch change.name {
        case "associate":
            try allow(association, PlacementRequest(), request)
            parents = collections.parents(of: name, joining: parent)
        case "dissociate", "disassociate":
            try allowEnd(of: association, PlacementRequest(), request)
            // XEP-0248 §7.6.3.1
            guard collections.contains(name, in: parent) else {
                throw StanzaError(.badRequest, text: "\(name) is not in this collection")
            }
            parents = collections.parents(of: name).filter { $0 != parent }
            guard parent != CollectionGraph.root || !parents.isEmpty else {
                throw .pubsub(
                    .notAllowed,
                    "invalid-options",
                    text: "what is in no other collection is in the root"
                )
            }
        default: throw StanzaError(.badRequest, text: "\(change.name) is no such request")
        }
        let wanted = PlacementRequest(moves: [(child.name, parents)])
        let placement = try placement(wanted, request)
        var effects = place(placement)
        effects.append(request.result())
        tell(of: placement, &effects)
        return effects
    }

    // MARK: What is done

    /// Puts the nodes where they were found to go; their rows are stored, but for the one of which
    /// that is done anyway.
    mutating func place(_ placement: Placement, saved: String? = nil) -> [PubSubEffect] {
        let reached = placement.graph.descendants(of: placement.moved).union(placement.moved)
        collections = placement.graph
        for name in reached { nodes[name]?.plans = [:] }
        return placement.moved.compactMap { name in
            nodes[name]?.configuration.collections = collections.parents(of: name)
            return name == saved ? nil : nodes[name].map { save($0) }
        }
    }

    /// Takes a node that is gone out of the graph; what was in it comes to the root where it is
    /// nowhere else (XEP-0248 §8.2).
    mutating func displace(_ name: String) -> [PubSubEffect] {
        let below = collections.descendants(of: name)
        let before = collections
        let orphans = collections.remove(name)
        for name in below { nodes[name]?.plans = [:] }
        let placement = Placement(
            of: orphans.map(\.child),
            from: before,
            to: collections,
            new: nil
        )
        var effects: [PubSubEffect] = []
        for child in placement.moved {
            nodes[child]?.configuration.collections = collections.parents(of: child)
            if let node = nodes[child] { effects.append(save(node)) }
        }
        tell(of: placement, &effects)
        return effects
    }

    /// Puts restored nodes where their configurations say; what no longer exists is passed over.
    mutating func restoreCollections() {
        for (name, node) in nodes where node.configuration.collections != [CollectionGraph.root] {
            let parents = node.configuration.collections.filter {
                $0 == CollectionGraph.root || nodes[$0]?.isCollection == true
            }
            try? collections.put(name, in: parents)
            nodes[name]?.configuration.collections = collections.parents(of: name)
        }
        collectionsSubscribed = Set(
            subscribed.values.joined().filter {
                $0 == CollectionGraph.root || nodes[$0]?.isCollection == true
            }
        )
        guard !collectionsSubscribed.isEmpty else { return }
        for (jid, names) in subscribed where !collectionsSubscribed.isDisjoint(with: names) {
            unrelated.insert(jid)
        }
    }
}

extension CollectionGraph {
    /// The collections of a node once it is in another one as well: one that was only in the root
    /// for want of another leaves it.
    func parents(of child: String, joining parent: String) -> [String] {
        let parents = parents(of: child)
        guard parent != Self.root, parents == [Self.root] else { return parents + [parent] }
        return [parent]
    }
}
