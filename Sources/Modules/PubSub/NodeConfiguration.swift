package import XMPP

/// How a node behaves (XEP-0060 §16.4.4, XEP-0248 §12.2.2), typed.
package struct NodeConfiguration: Sendable, Hashable {
    // MARK: What it is

    package var nodeType = NodeType.leaf
    package var title = ""
    package var description = ""
    package var language = ""
    package var contacts: [JID] = []
    /// The namespace of the payloads; empty where any will do.
    package var payloadNamespace = ""
    /// The address of a transformation of payloads into a message's body.
    package var bodyTransformation = ""
    /// The address of a transformation of payloads into a form's result.
    package var formTransformation = ""

    // MARK: Who may what

    package var accessModel = AccessModel.open
    /// For the access model roster: the owner's groups that are let in.
    package var rosterGroups: [String] = []
    package var allowsSubscriptions = true
    package var publishModel = PublishModel.publishers

    // MARK: Its items

    package var persistsItems = true
    package var itemsMaximum = Bound.count(1)
    /// Bytes of payloads that are kept; zero for no bound.
    package var bytesMaximum = 0
    /// Seconds after which an item goes; `max` where none goes for its age.
    package var itemSecondsMaximum = Bound.max
    package var whenFull = WhenFull.retractOldest
    package var payloadBytesMaximum = 64 * 1024
    /// Whether a publisher's items go when it goes offline.
    package var purgesOffline = false

    // MARK: What it tells

    package var deliversNotifications = true
    package var deliversPayloads = true
    package var notifiesRetract = true
    package var notifiesDelete = true
    package var notifiesConfiguration = false
    /// Whether owners are told of subscriptions that begin and end.
    package var notifiesSubscription = false
    package var notificationType = NotificationType.headline
    package var sendLastItem = SendLastItem.onSubscriptionAndPresence
    package var itemReply = ItemReply.publisher
    /// Whether only those are told who are available.
    package var deliversByPresence = false
    /// Whether every subscription ends when its subscriber goes offline.
    package var hasTemporarySubscriptions = false

    // MARK: Where it is among collections (XEP-0248)

    /// The collections that it is in; an empty name is the root.
    package var collections = [CollectionGraph.root]
    package var children: [String] = []
    package var childrenPolicy = ChildrenPolicy.owners
    package var childrenWhitelist: [JID] = []
    package var childrenMaximum = Bound.max

    package init() {}
}

// MARK: - Choices

extension NodeConfiguration {
    /// Whether a node has items or other nodes.
    package enum NodeType: String, Sendable, CaseIterable {
        case leaf, collection
    }

    /// Who may subscribe and retrieve (XEP-0060 §4.5).
    package enum AccessModel: String, Sendable, CaseIterable {
        case authorize, open, presence, roster, whitelist
    }

    /// Who may publish (XEP-0060 §16.4.4).
    package enum PublishModel: String, Sendable, CaseIterable {
        case publishers, subscribers, open
    }

    /// What becomes of an item that is published on a full node (XEP-0060 §7.1.2.5, §7.1.3.4).
    package enum WhenFull: String, Sendable, CaseIterable {
        case retractOldest = "retract-oldest"
        case discardOldest = "discard-oldest"
        case reject
    }

    /// When the last item is sent unasked.
    package enum SendLastItem: String, Sendable, CaseIterable {
        case never
        case onSubscription = "on_sub"
        case onSubscriptionAndPresence = "on_sub_and_presence"
    }

    /// The type of the notifications' messages.
    package enum NotificationType: String, Sendable, CaseIterable {
        case normal, headline
    }

    /// Whom an item names, for replies (XEP-0060 §12.17).
    package enum ItemReply: String, Sendable, CaseIterable {
        case owner, publisher, none
    }

    /// Who may put nodes into a collection (XEP-0248 §12.2.2).
    package enum ChildrenPolicy: String, Sendable, CaseIterable {
        case all, owners, whitelist
    }
}

// MARK: - Defaults

extension NodeConfiguration {
    /// The defaults of an account's nodes (XEP-0163 §6).
    package static let pep: Self = {
        var configuration = Self()
        configuration.accessModel = .presence
        return configuration
    }()

    /// The defaults of the nodes of a service.
    ///
    /// XEP-0060 §4.3: who announces that last items are sent does so by default.
    package static let shared: Self = {
        var configuration = Self()
        configuration.itemsMaximum = .count(20)
        return configuration
    }()

    /// The same for a collection.
    func asCollection() -> Self {
        var configuration = self
        configuration.nodeType = .collection
        // XEP-0248 §6.1: its subscribers shall be told of what comes into it and leaves it.
        configuration.notifiesConfiguration = true
        return configuration
    }

    /// How many bytes of payloads are kept.
    var bytesKept: Int { bytesMaximum == 0 ? .max : bytesMaximum }

    /// Whether an event is only that something happened: without a payload, and nothing is kept.
    var isBareNotification: Bool { !deliversPayloads && !persistsItems }
}
