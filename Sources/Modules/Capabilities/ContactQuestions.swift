import XMPP

/// What accounts ask sessions of other servers: what their capabilities stand for.
struct ContactQuestions: Sendable {
    /// Questions of a shard that wait for an answer, and those to the sessions of one address.
    static let questionsMaximum = 1_000
    static let questionsOfOneMaximum = 100

    /// One question: whose account asks which session about what.
    struct Question: Sendable, Hashable {
        let account: JID
        let contact: JID
        let key: CapabilityKey
    }

    private var requests = OutstandingRequests<Question>(
        maximum: questionsMaximum,
        ofOneMaximum: questionsOfOneMaximum
    )
    private var waiting: Set<Question> = []

    /// The request to send; nil where the question waits already, or too many do: the next presence
    /// of the contact gives another chance.
    mutating func ask(_ question: Question, at now: Instant) -> Stanza? {
        for old in requests.expired(at: now) { waiting.remove(old.purpose) }
        guard !waiting.contains(question),
            let id = try? requests.add(
                asking: question.contact,
                for: question.contact.bare,
                question,
                at: now
            )
        else { return nil }
        waiting.insert(question)
        return Stanza(
            .iq,
            type: "get",
            id: id,
            from: question.account,
            to: question.contact,
            [DiscoInfo.request(node: question.key.discoNode)]
        )
    }

    /// The question that this answers, which no longer waits.
    mutating func take(answer: Stanza) -> Question? {
        guard !requests.isEmpty, let entry = requests.take(answer: answer),
            entry.purpose.account == answer.to
        else { return nil }
        waiting.remove(entry.purpose)
        return entry.purpose
    }
}
