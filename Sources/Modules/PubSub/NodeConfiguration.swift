/// How a node behaves (XEP-0060 §16.4.4), typed.
package struct NodeConfiguration: Sendable, Hashable {
    package var accessModel = AccessModel.open
    package var publishModel = PublishModel.publishers
    /// For the access model roster: the owner's groups that are let in.
    package var rosterGroups: [String] = []
    package var sendLastItem = SendLastItem.onSubscriptionAndPresence
    package var persistsItems = true
    package var itemsMaximum = Bound.count(1)
    package var payloadBytesMaximum = 64 * 1024
    package var deliversPayloads = true
    package var deliversNotifications = true
    package var notifiesRetract = true
    package var notifiesDelete = true
    package var notifiesConfiguration = false
    package var notificationType = NotificationType.headline
    package var title = ""
    package var description = ""
    package var language = ""
    package var contacts: [String] = []
    /// The namespace of the payloads; empty where any will do.
    package var payloadNamespace = ""

    /// Who may subscribe and retrieve (XEP-0060 §4.5).
    package enum AccessModel: String, Sendable, CaseIterable {
        case open, presence, roster, whitelist
    }

    /// Who may publish (XEP-0060 §16.4.4).
    package enum PublishModel: String, Sendable, CaseIterable {
        case publishers, subscribers, open
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

    package init() {}

    /// The defaults of an account's nodes (XEP-0163 §6).
    package static let pep: Self = {
        var configuration = Self()
        configuration.accessModel = .presence
        return configuration
    }()

    /// Whether an event is only that something happened: without a payload, and nothing is kept.
    var isBareNotification: Bool { !deliversPayloads && !persistsItems }
}
