import XMPP

// The command that asks for all requests that wait (XEP-0060 §8.7).
extension PubSubService {
    static let getPending = Namespace.pubsub + "#get-pending"
    static let getPendingTitle = "Requests to subscribe that wait for approval"
    private static let sessionPrefix = "pubsub-get-pending:"

    /// Takes a command.
    ///
    /// Nothing is kept from one step to the next: a session is its id and nothing else.
    mutating func command(
        _ request: Request,
        _ relation: Relation
    ) throws(StanzaError) -> [PubSubEffect] {
        let command = request.payload
        guard command.name == "command" else { throw StanzaError(.badRequest) }
        guard command["node"] == Self.getPending, profile.kind != .fleet else {
            throw StanzaError(.itemNotFound, text: "there is no such command here")
        }
        guard ownsNodes(request.from, relation) else { throw StanzaError(.forbidden) }
        let session = try session(of: command, at: request.now)
        switch command["action"] ?? "execute" {
        case "cancel": return [answer(request, session, status: "canceled")]
        case "execute", "complete", "next": break
        case "prev": throw Self.refused("bad-action")
        default: throw Self.refused("malformed-action")
        }
        guard let x = command.child("x", Namespace.dataForms) else {
            return [offer(request, session, relation)]
        }
        guard let name = DataForm(x)?["pubsub#node"]?.first else {
            throw Self.refused("bad-payload")
        }
        let node = try node(named: name)
        let affiliation = node.affiliation(of: request.from, relation)
        guard affiliation.permissions.contains(.manage) else { throw StanzaError(.forbidden) }
        let waiting = node.subscriptions.sorted.filter { $0.state == .pending }
        return [answer(request, session, status: "completed")]
            + waiting.map { ask(request.from, about: $0, on: name) }
    }

    private mutating func session(
        of command: Element,
        at now: Instant
    ) throws(StanzaError) -> String {
        guard let session = command["sessionid"] else {
            return Self.sessionPrefix + ids.next(at: now)
        }
        guard session.hasPrefix(Self.sessionPrefix) else { throw Self.refused("bad-sessionid") }
        return session
    }

    /// The form to choose a node from: those at which someone waits.
    private func offer(
        _ request: Request,
        _ session: String,
        _ relation: Relation
    ) -> PubSubEffect {
        let names = nodes.values.filter { node in
            node.affiliation(of: request.from, relation).permissions.contains(.manage)
                && node.subscriptions.all.contains { $0.state == .pending }
        }.map(\.name).sorted()
        let form = DataForm(
            .form,
            formType: Self.approvalFormType,
            title: Self.getPendingTitle,
            fields: [.init("pubsub#node", type: .listSingle, label: "The node", options: names)]
        )
        return answer(request, session, status: "executing", form)
    }

    private func answer(
        _ request: Request,
        _ session: String,
        status: String,
        _ form: DataForm? = nil
    ) -> PubSubEffect {
        var command = Element("command", Namespace.commands)
        command["sessionid"] = session
        command["node"] = Self.getPending
        command["status"] = status
        if let form {
            let complete = Element("complete", Namespace.commands)
            let execute = Element.Attribute("execute", "complete")
            command.append(
                Element("actions", Namespace.commands, attributes: [execute], [complete])
            )
            command.append(form.element)
        }
        return .reply(request.stanza.result(command))
    }

    private static func refused(_ condition: String) -> StanzaError {
        StanzaError(.badRequest, detail: Element(condition, Namespace.commands))
    }

    /// Whether the entity is an owner of any node, or of all.
    func ownsNodes(_ jid: JID, _ relation: Relation) -> Bool {
        if relation.isOwner { return true }
        let bare = jid.bare
        return nodes.values.contains { $0.affiliations[bare] == .owner }
    }
}
