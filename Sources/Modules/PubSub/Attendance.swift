import XMPP

/// Who is there, found by session and by whose sessions they are.
struct Attendance: Sendable {
    private var entries: [JID: PubSubService.Interested] = [:]
    private var sessions: [JID: [JID]] = [:]

    var count: Int { entries.count }
    /// All sessions, by full address.
    var keys: some Collection<JID> { entries.keys }

    /// The sessions of an entity, by full address.
    func sessions(of entity: JID) -> [JID] { sessions[entity.bare] ?? [] }

    subscript(session: JID) -> PubSubService.Interested? {
        get { entries[session] }
        set {
            let bare = session.bare
            guard let newValue else {
                guard entries.removeValue(forKey: session) != nil else { return }
                sessions[bare]?.removeAll { $0 == session }
                if sessions[bare]?.isEmpty == true { sessions[bare] = nil }
                return
            }
            if entries.updateValue(newValue, forKey: session) == nil {
                sessions[bare, default: []].append(session)
            }
        }
    }
}
