import XMPP

// What components are told of an account without being on its roster (XEP-0356 §3.3 and §6).
extension Account {
    /// The pushes that tell components of a changed roster item.
    func pushes(_ item: Element, to components: [JID]) -> [Effect] {
        components.map { component in
            let push = Stanza(
                .iq,
                type: "set",
                id: "push-\(jid)",
                from: jid,
                to: component,
                [Element("query", Namespace.roster, [item])]
            )
            return .route(Routed(push))
        }
    }

    /// A session's first presence or its end, to the components that are not told it as contacts
    /// (§8.2).
    func show(_ presence: Stanza, _ world: borrowing World) -> [Effect] {
        let watchers = world.privileges.presenceWatchers(of: jid.domain)
        guard !watchers.isEmpty else { return [] }
        let told = audience(in: world.groups)
        return watchers.filter { !told.contains($0) }.map { component in
            var presence = presence
            presence.to = component
            return .route(Routed(presence))
        }
    }

    /// Presence of a contact that is of no account here, for the components that are to see it.
    func showContact(_ presence: Stanza, _ world: borrowing World) -> [Effect] {
        guard !world.privileges.contactWatchers(of: jid.domain).isEmpty, let sender = presence.from,
            !world.serves(sender.domain), sees(sender, in: world.groups)
        else { return [] }
        let domain = JID(normalizedLocal: nil, domain: jid.domain)
        return [.tell(.contact(presence, domain: domain), domain)]
    }
}
