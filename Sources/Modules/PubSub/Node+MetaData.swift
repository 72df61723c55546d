import XMPP

/// When a node was made, and by whom: kept with its configuration, though nobody can set it.
struct NodeOrigin: Sendable, Hashable {
    let creation: Instant
    let creator: JID

    private static let creationKey = "creation"
    private static let creatorKey = "creator"

    init(creation: Instant, creator: JID) {
        self.creation = creation
        self.creator = creator
    }

    /// Reads it from among the stored fields, whose names never look so.
    init?(_ stored: [String: [String]]) {
        guard let creation = stored[Self.creationKey]?.first.flatMap(Instant.init(dateTime:)),
            let creator = stored[Self.creatorKey]?.first.flatMap({ try? JID($0) })
        else { return nil }
        self.init(creation: creation, creator: creator)
    }

    /// What is stored.
    var stored: [String: [String]] {
        [Self.creationKey: [creation.dateTime], Self.creatorKey: [creator.description]]
    }
}

extension Node {
    /// The registered form that tells what a node is (XEP-0060 §5.4, §16.4.3).
    ///
    /// `owner` owns it where nobody of its affiliates does.
    func metaData(owner: JID) -> DataForm {
        typealias Field = DataForm.Field
        let set = configuration
        var fields = [
            Field("pubsub#title", type: .textSingle, values: [set.title]),
            Field("pubsub#description", type: .textSingle, values: [set.description]),
            Field("pubsub#language", type: .listSingle, values: [set.language]),
            Field("pubsub#type", type: .textSingle, values: [set.payloadNamespace]),
            Field("pubsub#contact", type: .jidMulti, values: set.contacts.map(\.description)),
            Field("pubsub#access_model", type: .listSingle, values: [set.accessModel.rawValue]),
            Field("pubsub#publish_model", type: .listSingle, values: [set.publishModel.rawValue]),
            Field("pubsub#max_items", type: .textSingle, values: [set.itemsMaximum.text]),
            Field("pubsub#owner", type: .jidMulti, values: addresses(.owner, or: owner)),
            Field("pubsub#publisher", type: .jidMulti, values: addresses(.publisher)),
            Field("pubsub#num_subscribers", type: .textSingle, values: [String(subscribers)]),
        ]
        if let origin {
            fields += [
                Field("pubsub#creator", type: .jidSingle, values: [origin.creator.description]),
                Field(
                    "pubsub#creation_date",
                    type: .textSingle,
                    values: [origin.creation.dateTime]
                ),
            ]
        }
        return DataForm(.result, formType: Namespace.pubsub + "#meta-data", fields: fields)
    }

    /// Entities that are subscribed, each once.
    private var subscribers: Int {
        Set(subscriptions.all.lazy.filter { $0.state == .subscribed }.map(\.jid.bare)).count
    }

    /// Those of an affiliation, sorted; `fallback` where there is none.
    private func addresses(_ affiliation: Affiliation, or fallback: JID? = nil) -> [String] {
        let found = affiliations.all.lazy.filter { $0.value == affiliation }.map(\.key.description)
            .sorted().prefix(PubSubLimits.metaDataAddressesMaximum)
        return found.isEmpty ? fallback.map { [$0.description] } ?? [] : Array(found)
    }
}

extension Bound {
    /// As forms have it (XEP-0060 §16.4.4, `integer-or-max`).
    var text: String {
        switch self {
        case .count(let count): String(count)
        case .max: "max"
        }
    }
}
