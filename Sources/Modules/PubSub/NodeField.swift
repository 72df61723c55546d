import XMPP

typealias NodeField = FormField<NodeConfiguration>

extension NodeConfiguration {
    static let formType = Namespace.pubsub + "#node_config"
    private static let accessModelField = "pubsub#access_model"

    /// The fields of the owner's form, of publish-options and of the store (XEP-0060 §16.4.4).
    static let table = FormTable<Self>(
        formType,
        [
            .text("pubsub#title", \.title, "A short name"),
            .text("pubsub#description", \.description, "What the node is about"),
            .text("pubsub#language", \.language, "The default language"),
            .texts("pubsub#contact", .jidMulti, \.contacts, "Whom to ask about the node"),
            .text("pubsub#type", \.payloadNamespace, "The namespace of the payloads"),
            .choice(
                "pubsub#access_model",
                \.accessModel,
                "Who may subscribe and retrieve items"
            ),
            .texts(
                "pubsub#roster_groups_allowed",
                .listMulti,
                \.rosterGroups,
                "Roster groups that may subscribe and retrieve items"
            ),
            .choice("pubsub#publish_model", \.publishModel, "Who may publish"),
            .flag("pubsub#persist_items", \.persistsItems, "Whether items are kept"),
            .bound(
                "pubsub#max_items",
                \.itemsMaximum,
                upTo: PubSubLimits.itemsMaximum,
                "How many items are kept"
            ),
            .count(
                "pubsub#max_payload_size",
                \.payloadBytesMaximum,
                1...PubSubLimits.payloadBytesMaximum,
                "The largest payload in bytes"
            ),
            .choice(
                "pubsub#send_last_published_item",
                \.sendLastItem,
                "When to send the last item"
            ),
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
            .choice("pubsub#notification_type", \.notificationType, "The type of notifications"),
        ]
    )

    /// The form that the owner fills in.
    func form(_ kind: DataForm.Kind) -> DataForm {
        Self.table.form(kind, of: self)
    }

    /// Takes the owner's answers, all or none; what the form does not name stays.
    ///
    /// - Throws: `not-acceptable` for an unknown field or a value that makes no sense.
    mutating func apply(_ form: DataForm) throws(StanzaError) {
        try Self.table.apply(form, to: &self) { field, text in
            .pubsub(
                .notAcceptable,
                // XEP-0060 §8.1.3
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
