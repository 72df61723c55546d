import XMPP

// Messages other than events that somebody makes the service send to others: word of affiliations
// and subscriptions, and requests to approve.
extension PubSubService {
    /// Those whom the service may tell of what `cause` does; who does it counts for nothing.
    ///
    /// In a request that is whoever asks. The end of a subscription is told without being counted:
    /// none ends that did not begin, and the beginning was.
    mutating func hearers(of jids: [JID], cause: JID) -> [JID] {
        let cause = requester?.jid ?? cause.bare
        guard !isFreeToTell else { return jids }
        let others = jids.count { $0.bare != cause }
        var room = notices.charge(cause, with: others, of: profile.limits.notices, at: time)
        return jids.filter { jid in
            guard jid.bare != cause else { return true }
            room -= 1
            return room >= 0
        }
    }

    /// Whether as many may be told of what whoever asks does; where they have to be.
    func checkRoom(forNoticesTo jids: [JID], cause: JID) throws(StanzaError) {
        let cause = requester?.jid ?? cause.bare
        let others = jids.count { $0.bare != cause }
        guard !isFreeToTell, others > 0,
            notices.room(for: cause, of: profile.limits.notices, at: time) < others
        else { return }
        throw StanzaError(
            .resourceConstraint,
            .wait,
            text: "others would be told of too many changes of yours: try again later"
        )
    }

    /// Whether whoever asks is an administrator, who answers for the service.
    private var isFreeToTell: Bool {
        profile.kind != .personal && requester?.relation.isOwner == true
    }
}
