import XMPP

// What one entity may have of what all users of a service share.
extension PubSubService {
    /// Whether the entity may make another node.
    ///
    /// Who made a node stays charged with it, whoever owns it by then: else its share would be gone
    /// by what others give it. The owner of all, as an administrator, has no less than there is.
    func checkRoom(forNodeOf creator: JID, _ relation: Relation) throws(StanzaError) {
        guard nodes.count < profile.limits.nodes else {
            throw .pubsub(.resourceConstraint, "max-nodes-exceeded")
        }
        let maximum = profile.limits.nodesOfOne
        guard profile.kind == .shared, !relation.isOwner,
            nodesMade[creator.bare] ?? 0 >= maximum
        else { return }
        throw .pubsub(
            .resourceConstraint,
            "max-nodes-exceeded",
            text: "\(maximum) nodes are yours here, as many as one may make: delete some"
        )
    }

    /// Charges who made a node with it, or does so no more.
    mutating func charge(for node: Node, _ change: Int) {
        guard profile.kind == .shared, let creator = node.origin?.creator else { return }
        let count = (nodesMade[creator] ?? 0) + change
        nodesMade[creator] = count > 0 ? count : nil
    }

    // MARK: Where nodes have moved

    /// Where a node has moved, when, and who said so.
    struct Move: Sendable {
        let uri: String
        /// Nil for one from before that was kept.
        let origin: NodeOrigin?

        /// Reads it from what the store has in the place of the node.
        init?(_ stored: [String: [String]]) {
            guard let uri = stored[NodeConfiguration.movedField]?.first else { return nil }
            self.uri = uri
            origin = NodeOrigin(stored)
        }

        init(to uri: String, _ origin: NodeOrigin) {
            self.uri = uri
            self.origin = origin
        }

        var stored: [String: [String]] {
            (origin?.stored ?? [:]).merging([NodeConfiguration.movedField: [uri]]) { $1 }
        }
    }

    /// Remembers where a node has moved, for those who ask for it.
    ///
    /// The store has it as a node of which nothing is known but that.
    mutating func move(_ name: String, _ move: Move) -> [PubSubEffect] {
        var effects: [PubSubEffect] = []
        if moved.count >= PubSubLimits.movedMaximum, let forgotten = moveToForget {
            moved[forgotten] = nil
            effects.append(.store(.deleteNode(owner: owner, node: forgotten), .immediate))
        }
        moved[name] = move
        let change = PubSubChange.saveNode(owner: owner, node: name, configuration: move.stored)
        return effects + [.store(change, .immediate)]
    }

    /// The oldest of whoever has most: who moves many pushes out none but its own.
    private var moveToForget: String? {
        var counts: [JID?: Int] = [:]
        for move in moved.values { counts[move.origin?.creator, default: 0] += 1 }
        let most = counts.values.max()
        return moved.lazy.filter { counts[$0.value.origin?.creator] == most }
            .map { (since: $0.value.origin?.creation ?? Instant(milliseconds: .min), name: $0.key) }
            .min { $0 < $1 }?.name
    }
}
