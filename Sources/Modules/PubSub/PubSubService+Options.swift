import XMPP

// How a subscriber wants to be told (XEP-0060 §6.3, §6.4).
extension PubSubService {
    /// The form of a subscription.
    func optionsForm(
        _ action: Element,
        _ request: PubSubRequest
    ) throws(StanzaError) -> [PubSubEffect] {
        let (name, record) = try subscription(action, request, missing: .modify)
        var options = Element("options", Namespace.pubsub)
        options["node"] = name
        options["jid"] = record.jid.description
        options["subid"] = record.id
        options.append(SubscriptionOptions.table.form(.form, of: record.options).element)
        return [request.result(Element("pubsub", Namespace.pubsub, [options]))]
    }

    mutating func setOptions(
        _ action: Element,
        _ request: PubSubRequest
    ) throws(StanzaError) -> [PubSubEffect] {
        let (name, record) = try subscription(action, request, missing: .modify)
        let form = try Self.form(in: action)
        guard form.kind != .cancel else { return [request.result()] }
        var changed = record
        try changed.options.apply(form, at: request.now)
        try check(changed, on: holder(named: action["node"]))
        if record.state == .unconfigured { changed.state = .subscribed }
        guard changed != record else { return [request.result()] }
        var effects = save(changed, on: name)
        scheduleLease(of: changed, on: name, at: request.now)
        effects.append(request.result())
        if changed.state != record.state {
            effects += begun(changed, on: name, asked: request.from)
        }
        return effects
    }

    /// Whether a subscription may have these options.
    private func check(_ record: SubscriptionRecord, on node: Node) throws(StanzaError) {
        let others = node.subscriptions.of(address: record.jid).filter { $0.id != record.id }
        try checkDepth(record.options, among: others, on: node)
        try checkSelection(record.options, of: record.jid, on: node, replacing: record.id)
        try checkPresence(of: record.jid, record.options, on: node)
    }

    /// XEP-0060 §6.4.1: what holds where a subscriber says nothing, on a node or everywhere.
    func defaultOptions(
        _ action: Element,
        _ request: PubSubRequest
    ) throws(StanzaError) -> [PubSubEffect] {
        var options = SubscriptionOptions()
        if action["node"] != nil {
            let node = try holder(named: action["node"])
            options = node.defaultOptions
            if node.configuration.hasTemporarySubscriptions { options.expiry = .presence }
        }
        var element = Element("default", Namespace.pubsub)
        element["node"] = action["node"]
        element.append(SubscriptionOptions.table.form(.result, of: options).element)
        return [request.result(Element("pubsub", Namespace.pubsub, [element]))]
    }

    /// The form that goes with a request to subscribe; nil where there is none.
    ///
    /// XEP-0060 §6.3.7: it stands behind the request and names neither node nor address.
    static func options(
        beside action: Element,
        in payload: Element
    ) throws(StanzaError) -> DataForm? {
        let names = payload.elements.filter { $0.namespace == payload.namespace }.map(\.name)
        guard names.contains("options") else { return nil }
        guard names == ["subscribe", "options"], let options = payload.child("options"),
            options["node"] == nil, options["jid"] == nil
        else {
            throw StanzaError(
                .badRequest,
                text: "options stand behind subscribe, without node and jid"
            )
        }
        return try form(in: options)
    }

    private static func form(in element: Element) throws(StanzaError) -> DataForm {
        guard let x = element.child("x", Namespace.dataForms), let form = DataForm(x) else {
            throw .pubsub(.badRequest, "invalid-options", text: "the options are a form")
        }
        return form
    }
}
