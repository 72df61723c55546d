import XMPP

/// A field of the configuration form: its name, how it is shown, how it is read and written.
///
/// One table for the owner's form, for publish-options and for the store.
struct NodeField: Sendable {
    let name: String
    let type: DataForm.FieldType
    let label: String
    let options: [String]
    let read: @Sendable (NodeConfiguration) -> [String]
    /// False where the values make no sense.
    let write: @Sendable (inout NodeConfiguration, [String]) -> Bool
}

extension NodeField {
    private typealias Path<Value> = any WritableKeyPath<NodeConfiguration, Value> & Sendable

    static let all: [NodeField] = [
        text("title", \.title, "A short name"),
        text("description", \.description, "What the node is about"),
        text("language", \.language, "The default language"),
        texts("contact", .jidMulti, \.contacts, "Whom to ask about the node"),
        text("type", \.payloadNamespace, "The namespace of the payloads"),
        choice("access_model", \.accessModel, "Who may subscribe and retrieve items"),
        texts(
            "roster_groups_allowed",
            .listMulti,
            \.rosterGroups,
            "Roster groups that may subscribe and retrieve items"
        ),
        choice("publish_model", \.publishModel, "Who may publish"),
        flag("persist_items", \.persistsItems, "Whether items are kept"),
        itemsMaximum,
        count(
            "max_payload_size",
            \.payloadBytesMaximum,
            1...PubSubLimits.payloadBytesMaximum,
            "The largest payload in bytes"
        ),
        choice("send_last_published_item", \.sendLastItem, "When to send the last item"),
        flag("deliver_notifications", \.deliversNotifications, "Whether to notify of events"),
        flag("deliver_payloads", \.deliversPayloads, "Whether notifications carry payloads"),
        flag("notify_retract", \.notifiesRetract, "Whether to notify of removed items"),
        flag("notify_delete", \.notifiesDelete, "Whether to notify of the node's end"),
        flag(
            "notify_config",
            \.notifiesConfiguration,
            "Whether to notify of a new configuration"
        ),
        choice("notification_type", \.notificationType, "The type of notifications"),
    ]

    static let byName: [String: NodeField] = Dictionary(
        all.map { ($0.name, $0) }
    ) { first, _ in first }

    private static func text(_ name: String, _ path: Path<String>, _ label: String) -> NodeField {
        NodeField(
            name: "pubsub#" + name,
            type: .textSingle,
            label: label,
            options: [],
            read: { [$0[keyPath: path]] },
            write: { configuration, values in
                let value = values.first ?? ""
                guard values.count <= 1,
                    value.utf8.count <= PubSubLimits.configurationTextBytesMaximum
                else { return false }
                configuration[keyPath: path] = value
                return true
            }
        )
    }

    private static func texts(
        _ name: String,
        _ type: DataForm.FieldType,
        _ path: Path<[String]>,
        _ label: String
    ) -> NodeField {
        NodeField(
            name: "pubsub#" + name,
            type: type,
            label: label,
            options: [],
            read: { $0[keyPath: path] },
            write: { configuration, values in
                guard values.count <= PubSubLimits.configurationValuesMaximum,
                    values.allSatisfy({
                        $0.utf8.count <= PubSubLimits.configurationTextBytesMaximum
                    })
                else { return false }
                // A set: neither order nor repetition means anything.
                configuration[keyPath: path] = Set(values).sorted()
                return true
            }
        )
    }

    private static func flag(_ name: String, _ path: Path<Bool>, _ label: String) -> NodeField {
        NodeField(
            name: "pubsub#" + name,
            type: .boolean,
            label: label,
            options: [],
            read: { [$0[keyPath: path] ? "1" : "0"] },
            write: { configuration, values in
                switch values {
                case ["1"], ["true"]: configuration[keyPath: path] = true
                case ["0"], ["false"]: configuration[keyPath: path] = false
                default: return false
                }
                return true
            }
        )
    }

    private static func choice<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
        _ name: String,
        _ path: Path<Choice>,
        _ label: String
    ) -> NodeField {
        NodeField(
            name: "pubsub#" + name,
            type: .listSingle,
            label: label,
            options: Choice.allCases.map(\.rawValue),
            read: { [$0[keyPath: path].rawValue] },
            write: { configuration, values in
                guard values.count == 1, let choice = Choice(rawValue: values[0])
                else { return false }
                configuration[keyPath: path] = choice
                return true
            }
        )
    }

    private static func count(
        _ name: String,
        _ path: Path<Int>,
        _ range: ClosedRange<Int>,
        _ label: String
    ) -> NodeField {
        NodeField(
            name: "pubsub#" + name,
            type: .textSingle,
            label: label,
            options: [],
            read: { [String($0[keyPath: path])] },
            write: { configuration, values in
                guard values.count == 1, let value = Int(values[0]), range.contains(value)
                else { return false }
                configuration[keyPath: path] = value
                return true
            }
        )
    }

    /// XEP-0060 §16.4.4: a number, or `max` for as many as the service allows.
    private static let itemsMaximum = NodeField(
        name: "pubsub#max_items",
        type: .textSingle,
        label: "How many items are kept",
        options: [],
        read: { configuration in
            switch configuration.itemsMaximum {
            case .count(let count): [String(count)]
            case .max: ["max"]
            }
        },
        write: { configuration, values in
            if values == ["max"] {
                configuration.itemsMaximum = .max
                return true
            }
            guard values.count == 1, let count = Int(values[0]), count >= 0,
                count <= PubSubLimits.itemsMaximum
            else { return false }
            configuration.itemsMaximum = .count(count)
            return true
        }
    )
}

extension NodeConfiguration {
    static let formType = Namespace.pubsub + "#node_config"
    private static let accessModelField = "pubsub#access_model"

    /// The form that the owner fills in.
    func form(_ kind: DataForm.Kind) -> DataForm {
        DataForm(
            kind,
            formType: Self.formType,
            fields: NodeField.all.map {
                .init(
                    $0.name,
                    type: $0.type,
                    label: $0.label,
                    values: $0.read(self),
                    options: $0.options
                )
            }
        )
    }

    /// Takes the owner's answers, all or none; what the form does not name stays.
    ///
    /// - Throws: `not-acceptable` for an unknown field or a value that makes no sense.
    mutating func apply(_ form: DataForm) throws(StanzaError) {
        var changed = self
        for answer in form.answers {
            guard let field = NodeField.byName[answer.name] else {
                throw .pubsub(
                    .notAcceptable,
                    "invalid-options",
                    text: "\(answer.name) is not known here"
                )
            }
            guard field.write(&changed, answer.values) else {
                throw .pubsub(
                    .notAcceptable,
                    // XEP-0060 §8.1.3
                    field.name == Self.accessModelField
                        ? "unsupported-access-model" : "invalid-options",
                    text: "\(answer.name) can't be \(answer.values.joined(separator: ", "))"
                )
            }
        }
        self = changed
    }

    /// The first field whose value is not what the publisher demands (XEP-0060 §7.1.5); unknown
    /// fields are never met.
    func unmet(_ preconditions: DataForm) -> String? {
        for answer in preconditions.answers {
            var wanted = self
            guard let field = NodeField.byName[answer.name], field.write(&wanted, answer.values),
                wanted == self
            else { return answer.name }
        }
        return nil
    }

    /// The fields that differ from `defaults`, for the store.
    func differences(from defaults: Self) -> [String: [String]] {
        var differences: [String: [String]] = [:]
        for field in NodeField.all {
            let values = field.read(self)
            if values != field.read(defaults) { differences[field.name] = values }
        }
        return differences
    }

    /// Takes stored fields; what is no longer known is passed over.
    init(_ stored: [String: [String]], defaults: Self) {
        self = defaults
        for (name, values) in stored { _ = NodeField.byName[name]?.write(&self, values) }
    }
}
