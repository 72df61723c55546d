import XMPP

typealias NodeField = FormField<NodeConfiguration>

extension NodeConfiguration {
    static let formType = Namespace.pubsub + "#node_config"

    /// The fields of the owner's form, of publish-options and of the store.
    static let table = FormTable<Self>(
        formType,
        identity + access + items + events + graph
    )

    // MARK: The fields of XEP-0060 §16.4.4

    private static let identity: [NodeField] = [
        .choice(nodeTypeField, \.nodeType, "Whether the node has items or other nodes"),
        .text("pubsub#title", \.title, "A short name"),
        .text("pubsub#description", \.description, "What the node is about"),
        // The registry has a list without options here, which no form can be filled in from.
        .text("pubsub#language", \.language, "The default language"),
        .jids("pubsub#contact", \.contacts, "Whom to ask about the node"),
        .text("pubsub#type", \.payloadNamespace, "The namespace of the payloads"),
        .text(
            "pubsub#body_xslt",
            \.bodyTransformation,
            "The address of a transformation of payloads into a message's body"
        ),
        .text(
            "pubsub#dataform_xslt",
            \.formTransformation,
            "The address of a transformation of payloads into a form"
        ),
    ]

    private static let access: [NodeField] = [
        .choice("pubsub#access_model", \.accessModel, "Who may subscribe and retrieve items"),
        .texts(
            "pubsub#roster_groups_allowed",
            .listMulti,
            \.rosterGroups,
            "Roster groups that may subscribe and retrieve items"
        ),
        .flag("pubsub#subscribe", \.allowsSubscriptions, "Whether to allow subscriptions"),
        .choice("pubsub#publish_model", \.publishModel, "Who may publish"),
    ]

    private static let items: [NodeField] = [
        .flag("pubsub#persist_items", \.persistsItems, "Whether items are kept"),
        .bound(
            "pubsub#max_items",
            \.itemsMaximum,
            0...PubSubLimits.itemsMaximum,
            "How many items are kept"
        ),
        .count(
            bytesField,
            \.bytesMaximum,
            0...PubSubLimits.nodeBytesMaximum,
            "How many bytes of payloads are kept; 0 for any number"
        ),
        .bound(
            "pubsub#item_expire",
            \.itemSecondsMaximum,
            1...PubSubLimits.itemSecondsMaximum,
            "After how many seconds items go"
        ),
        .choice(
            "pubsub#publish_node_full",
            \.whenFull,
            "What to do when the node is full and an item is published"
        ),
        .count(
            "pubsub#max_payload_size",
            \.payloadBytesMaximum,
            1...PubSubLimits.payloadBytesMaximum,
            "The largest payload in bytes"
        ),
        .flag(
            "pubsub#purge_offline",
            \.purgesOffline,
            "Whether a publisher's items go when it goes offline"
        ),
    ]

    private static let events: [NodeField] = [
        .flag(
            "pubsub#deliver_notifications",
            \.deliversNotifications,
            "Whether to notify of events"
        ),
        .flag(
            "pubsub#deliver_payloads",
            \.deliversPayloads,
            "Whether notifications carry payloads"
        ),
        .flag(
            "pubsub#notify_retract",
            \.notifiesRetract,
            "Whether to notify of removed items"
        ),
        .flag("pubsub#notify_delete", \.notifiesDelete, "Whether to notify of the node's end"),
        .flag(
            "pubsub#notify_config",
            \.notifiesConfiguration,
            "Whether to notify of a new configuration"
        ),
        .flag(
            "pubsub#notify_sub",
            \.notifiesSubscription,
            "Whether to notify owners of subscriptions that begin and end"
        ),
        .choice("pubsub#notification_type", \.notificationType, "The type of notifications"),
        .choice(
            "pubsub#send_last_published_item",
            \.sendLastItem,
            "When to send the last item"
        ),
        .choice("pubsub#itemreply", \.itemReply, "Whom items name, for replies"),
        .flag(
            "pubsub#presence_based_delivery",
            \.deliversByPresence,
            "Whether to notify only who is available"
        ),
        .flag(
            "pubsub#tempsub",
            \.hasTemporarySubscriptions,
            "Whether subscriptions end when the subscriber goes offline"
        ),
    ]

    // MARK: The fields of XEP-0248 §12.2.2

    private static let graph: [NodeField] = [
        .texts(
            "pubsub#collection",
            .textMulti,
            \.collections,
            "The collections that the node is in"
        ),
        .texts(
            "pubsub#children",
            .textMulti,
            \.children,
            upTo: PubSubLimits.childrenMaximum,
            "The nodes in the collection"
        ),
        .choice(
            "pubsub#children_association_policy",
            \.childrenPolicy,
            // XEP-0248 §7.2.1 writes it so, its registry otherwise.
            alias: ["owner": .owners],
            "Who may put nodes into the collection"
        ),
        .jids(
            "pubsub#children_association_whitelist",
            \.childrenWhitelist,
            "Those who may put nodes into the collection"
        ),
        .bound(
            "pubsub#children_max",
            \.childrenMaximum,
            0...PubSubLimits.childrenMaximum,
            "How many nodes the collection takes"
        ),
    ]

    /// Fields that say nothing of a leaf, and are not shown on it (XEP-0248 §7.2.1).
    private static let collectionsAlone: Set<String> = [
        "pubsub#children", "pubsub#children_association_policy",
        "pubsub#children_association_whitelist", "pubsub#children_max",
    ]
    /// Fields of what a collection has not: items.
    private static let leavesAlone: Set<String> = Set(items.map(\.name))
        .union([
            "pubsub#type", "pubsub#body_xslt", "pubsub#dataform_xslt", "pubsub#publish_model",
            "pubsub#deliver_payloads", "pubsub#notify_retract", "pubsub#send_last_published_item",
            "pubsub#itemreply",
        ])
}

// MARK: - The form and the store

extension NodeConfiguration {
    private static let accessModelField = "pubsub#access_model"
    static let nodeTypeField = "pubsub#node_type"
    static let bytesField = "{" + Namespace.lapwing + "}max_bytes"
    /// In the store, on what is left of a node that has moved: its address.
    static let movedField = "{" + Namespace.lapwing + "}moved"

    /// The form that the owner fills in.
    func form(_ kind: DataForm.Kind) -> DataForm {
        let left = nodeType == .leaf ? Self.collectionsAlone : Self.leavesAlone
        var form = Self.table.form(kind, of: self)
        form.fields.removeAll { left.contains($0.name) }
        return form
    }

    /// Takes the owner's answers, all or none; what the form does not name stays.
    ///
    /// - Throws: `not-acceptable` for an unknown field or a value that makes no sense.
    mutating func apply(_ form: DataForm) throws(StanzaError) {
        try Self.table.apply(form, to: &self) { field, text in
            .pubsub(
                .notAcceptable,
                // XEP-0060 §8.1.2
                field == Self.accessModelField ? "unsupported-access-model" : "invalid-options",
                text: text
            )
        }
    }

    /// The first field whose value is not what the publisher demands (XEP-0060 §7.1.5); unknown
    /// fields are never met.
    func unmet(_ preconditions: DataForm) -> String? {
        Self.table.unmet(preconditions, by: self)
    }

    /// The fields that differ from `defaults`, for the store.
    func differences(from defaults: Self) -> [String: [String]] {
        Self.table.differences(of: self, from: defaults)
    }

    /// Takes stored fields; what is no longer known is passed over.
    init(_ stored: [String: [String]], defaults: Self) {
        self = defaults
        Self.table.restore(stored, into: &self)
    }
}
