package import XMPP

/// When a change is on the disk.
package enum Durability: Sendable, Hashable {
    /// Before whoever asked is answered: the host holds what follows until the commit.
    case immediate
    /// Within a second, in batches; a crash may lose it.
    ///
    /// Holds nothing.
    case behind
    /// Never.
    case none
}

/// An item's place in the store, apart from its payload.
package struct ItemRecord: Sendable, Hashable {
    package let id: String
    package var publisher: JID
    package var published: Instant
    /// When the id was first published (XEP-0413 §3).
    package var created: Instant
    /// Self-contained markup; nil for an item without a payload.
    package var payload: [UInt8]?

    package init(
        id: String,
        publisher: JID,
        published: Instant,
        created: Instant? = nil,
        payload: [UInt8]?
    ) {
        self.id = id
        self.publisher = publisher
        self.published = published
        self.created = created ?? published
        self.payload = payload
    }
}

/// What the store keeps of nodes.
///
/// Owner and node name what each is about.
package indirect enum PubSubChange: Sendable, Hashable {
    /// A new node, or another configuration of one that exists: its non-default fields, in the
    /// words of the configuration form.
    case saveNode(owner: JID, node: String, configuration: [String: [String]])
    /// The node with all that belongs to it.
    case deleteNode(owner: JID, node: String)
    /// An item, new or again the newest, and the ids of those that it displaces.
    case saveItem(owner: JID, node: String, ItemRecord, trimming: [String])
    case removeItems(owner: JID, node: String, [String])
    /// All items of the node.
    case purge(owner: JID, node: String)
    /// `none` is the absence of a row.
    case setAffiliation(owner: JID, node: String, JID, Affiliation)
    case saveSubscription(owner: JID, node: String, SubscriptionRecord)
    case removeSubscription(owner: JID, node: String, id: String)
    /// A record of the node's past, or the end of old ones.
    case history(owner: JID, node: String, HistoryChange)
}

/// A node as the store hands it over when the server starts.
package struct NodeRecord: Sendable, Hashable {
    package var owner: JID
    package var node: String
    package var configuration: [String: [String]]
    package var affiliations: [JID: Affiliation]
    package var subscriptions: [SubscriptionRecord]
    /// In the order of publishing, the newest last.
    ///
    /// Payloads larger than ``PubSubLimits/payloadInMemoryMaximum`` and those of all but the newest
    /// are left out.
    package var items: [StoredItem]

    /// An item in the index; `payload` is nil where it has to be loaded.
    package struct StoredItem: Sendable, Hashable {
        package var id: String
        package var publisher: JID
        package var published: Instant
        package var created: Instant
        package var payload: Payload
        /// Bytes of the payload, those too that have to be loaded.
        package var bytes: Int

        package init(
            id: String,
            publisher: JID,
            published: Instant,
            created: Instant? = nil,
            payload: Payload,
            bytes: Int? = nil
        ) {
            self.id = id
            self.publisher = publisher
            self.published = published
            self.created = created ?? published
            self.payload = payload
            self.bytes = bytes ?? payload.bytesInMemory
        }
    }

    package init(owner: JID, node: String, configuration: [String: [String]] = [:]) {
        self.owner = owner
        self.node = node
        self.configuration = configuration
        affiliations = [:]
        subscriptions = []
        items = []
    }
}

/// An item's payload: here, only on the disk, or none.
package enum Payload: Sendable, Hashable {
    case bytes([UInt8])
    /// In the store alone: cold, or too large to keep.
    case stored
    case absent
}

/// Where nodes are kept.
///
/// Read once when the server starts; changes go to the store's writer as ``PubSubChange``.
package protocol PubSubStore: Sendable {
    /// Hands over every node, one after the other.
    func readNodes(_ body: (NodeRecord) throws -> Void) throws
    /// The nodes of one owner, after a change of it was refused.
    func nodes(of owner: JID) throws -> [NodeRecord]
    /// Payloads that are not in memory, in no particular order; ids that are gone are left out.
    func payloads(owner: JID, node: String, items: [String]) throws -> [String: [UInt8]]
}
