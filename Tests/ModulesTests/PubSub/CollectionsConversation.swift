import XMPP

@testable import Modules

/// Users of a service who put nodes into collections.
extension NodesConversation {
    static let romeo = "romeo@example.org/orchard"
    static let juliet = "juliet@example.org/balcony"

    static func ofUsers(nodes: [NodeRecord] = []) -> Self {
        Self(nodes: nodes, profile: .shared(users: "example.org"))
    }

    /// A form's answers, of which each has any number of values.
    static func answers(_ type: String, _ fields: [String: [String]]) -> String {
        let answers = fields.sorted { $0.key < $1.key }.map { name, values in
            let values = values.map { "<value>\($0)</value>" }.joined()
            return "<field var='pubsub#\(name)'>\(values)</field>"
        }
        return "<x xmlns='jabber:x:data' type='submit'>"
            + "<field var='FORM_TYPE' type='hidden'><value>\(type)</value></field>"
            + answers.joined() + "</x>"
    }

    @discardableResult
    mutating func make(
        _ node: String,
        _ fields: [String: [String]] = [:],
        from: String = romeo
    ) throws -> Outcome {
        let form = Self.answers(NodeConfiguration.formType, fields)
        return try set("<create node='\(node)'/><configure>\(form)</configure>", from: from)
    }

    @discardableResult
    mutating func makeCollection(
        _ node: String,
        _ fields: [String: [String]] = [:],
        from: String = romeo
    ) throws -> Outcome {
        let fields = fields.merging(["node_type": ["collection"]]) { $1 }
        return try make(node, fields, from: from)
    }

    mutating func setUp(
        _ node: String,
        _ fields: [String: [String]],
        from: String = romeo
    ) throws -> Outcome {
        let form = Self.answers(NodeConfiguration.formType, fields)
        return try set("#<configure node='\(node)'>\(form)</configure>", from: from)
    }

    mutating func associate(
        _ child: String,
        _ parent: String,
        _ what: String = "associate",
        from: String = romeo
    ) throws -> Outcome {
        try set("#<collection node='\(parent)'><\(what) node='\(child)'/></collection>", from: from)
    }

    /// The values of a field in a node's configuration form.
    mutating func field(_ name: String, of node: String, from: String = romeo) throws -> [String]? {
        let reply = try get("#<configure node='\(node)'/>", from: from).reply
        let form = reply?.payload?.child("configure")?.child("x", Namespace.dataForms)
        return form.flatMap(DataForm.init)?["pubsub#" + name]
    }

    /// Subscribes the bare address, and sets the subscription's type and depth.
    @discardableResult
    mutating func follow(
        _ node: String,
        from: String = juliet,
        type: SubscriptionOptions.Kind? = nil,
        depth: SubscriptionOptions.Depth? = nil
    ) throws -> Outcome {
        let bare = try JID(from).bare
        let outcome = try set("<subscribe node='\(node)' jid='\(bare)'/>", from: from)
        let holder = service.nodes[node] ?? service.patterns[node]
        guard var record = holder?.subscriptions.of(address: bare).last else { return outcome }
        record.options.type = type ?? record.options.type
        record.options.depth = depth ?? record.options.depth
        _ = service.save(record, on: node)
        return outcome
    }

    func listed(_ node: String? = nil, for jid: String = romeo) throws -> [String] {
        let jid = try JID(jid)
        let relation = relations[jid.bare] ?? Relation()
        return try service.discoItems(node: node, for: jid, relation: relation).items
            .map { $0.node ?? "item \($0.name ?? "")" }
    }

    func info(_ node: String, for jid: String = romeo) throws -> DiscoInfo {
        let jid = try JID(jid)
        return try service.discoInfo(
            node: node,
            for: jid,
            relation: relations[jid.bare] ?? Relation()
        )
    }
}

extension NodesConversation.Outcome {
    /// As ``told``, with the collections that the headers name.
    var toldWithHeaders: [String] {
        notifications.flatMap { notification in
            notification.recipients.map { recipient in
                let headers = notification.stanza(to: recipient).children.last
                var names: [String] = []
                if case .raw(let raw) = headers, raw.name == "headers",
                    let element = try? Element(parsing: raw.bytes)
                {
                    names = element.elements.filter { $0["name"] == "Collection" }.map(\.text)
                }
                let via = names.isEmpty ? "" : " via " + names.joined(separator: ",")
                return "\(recipient.jid): \(notification.event.summary)\(via)"
            }
        }.sorted()
    }
}
