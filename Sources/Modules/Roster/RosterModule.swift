package import XMPP

/// The roster as clients ask for it and change it (RFC 6121 §2).
package enum RosterModule: Module {
    package static let specifications = [
        Specification(
            "RFC 6121",
            version: "2011",
            leftOut: "roster versioning (§2.6) and offline messages"
        )
    ]
    package static let routes = Route.both(.account, Namespace.roster)

    package static func receive(
        _ request: Request,
        account: inout Account,
        world: borrowing World
    ) throws(StanzaError) -> [Effect] {
        // RFC 6121 §2.3.3: a roster is changed by nobody but its owner; XEP-0356 §3: and by
        // components that were given the right.
        guard
            request.from.bare == account.jid
                || world.privileges[request.from, account.jid.domain]?.roster
                    .allows(request.stanza.type) == true
        else { throw StanzaError(.forbidden) }
        if request.stanza.type == "get" { return get(request, account: &account, world: world) }
        return try set(request, account: &account, world: world)
    }

    private static func get(
        _ request: Request,
        account: inout Account,
        world: borrowing World
    ) -> [Effect] {
        account.rosterAsked(by: request.from)
        let items = account.visibleRoster(in: world.groups).map(\.element)
        return [request.result(Element("query", Namespace.roster, items))]
    }

    private static func set(
        _ request: Request,
        account: inout Account,
        world: borrowing World
    ) throws(StanzaError) -> [Effect] {
        let items = request.payload.elements.filter { $0.matches("item", Namespace.roster) }
        guard items.count == 1, let element = items.first, let text = element["jid"] else {
            throw StanzaError(.badRequest, text: "one item with a jid is wanted")
        }
        guard let contact = try? JID(text).bare else { throw StanzaError(.jidMalformed) }
        guard contact != account.jid else {
            throw StanzaError(.notAllowed, text: "an account is no contact of its own")
        }
        if element["subscription"] == "remove" {
            return try remove(contact, request, account: &account, world: world)
        }
        let groups = element.elements.filter { $0.matches("group", Namespace.roster) }.map(\.text)
        let item = try account.roster.set(contact, name: element["name"], groups: groups)
        return [.store(.roster(.save(owner: account.jid, item)), .immediate)]
            + account.pushes(of: contact, in: world) + [request.result()]
    }

    /// RFC 6121 §2.5.2: removing a contact ends the subscriptions in both directions.
    private static func remove(
        _ contact: JID,
        _ request: Request,
        account: inout Account,
        world: borrowing World
    ) throws(StanzaError) -> [Effect] {
        if account.roster[contact] == nil, world.groups.connects(account.jid, contact) {
            throw StanzaError(.notAllowed, text: "\(contact) is there through a shared group")
        }
        let item = try account.roster.remove(contact)
        var effects: [Effect] = [
            .store(.roster(.remove(owner: account.jid, contact: contact)), .immediate)
        ]
        effects += account.pushes(of: contact, in: world)
        effects.append(request.result())
        if item.to || item.asking {
            effects.append(subscription("unsubscribe", from: account.jid, to: contact))
        }
        if item.from || item.asked {
            effects.append(subscription("unsubscribed", from: account.jid, to: contact))
        }
        if item.from, !world.groups.connects(account.jid, contact) {
            effects += account.withdraw(from: contact)
            effects += account.relationChanged(with: contact, in: world.groups)
        }
        return effects
    }

    private static func subscription(_ type: String, from: JID, to: JID) -> Effect {
        .route(Routed(Stanza(.presence, type: type, from: from, to: to)))
    }
}

extension RosterItem {
    /// The item as a roster result or push carries it.
    package var element: Element {
        var element = Element(
            "item",
            Namespace.roster,
            attributes: [.init("jid", jid.description), .init("subscription", subscription)]
        )
        element["name"] = name
        if asking { element["ask"] = "subscribe" }
        if approved { element["approved"] = "true" }
        for group in groups { element.append(Element("group", Namespace.roster, text: group)) }
        return element
    }
}

extension Account {
    /// A session has asked for the roster: it is told of changes from now on (RFC 6121 §2.1.6).
    mutating func rosterAsked(by session: JID) {
        guard let index = index(of: session) else { return }
        sessions[index].wantsRoster = true
    }
}
