import XMPP

/// The part of a list of nodes, subscriptions or affiliations that goes into one answer (XEP-0059).
struct ListPage<Entry> {
    let entries: ArraySlice<Entry>
    /// What goes beside them; nil where they are all that there is and no page was asked for.
    let answer: ResultSetAnswer?

    /// The page that is asked for; without a question all, up to a limit.
    init(
        _ list: [Entry],
        _ asked: ResultSetRequest?,
        id: (Entry) -> String
    ) throws(StanzaError) {
        guard asked != nil || list.count > PubSubLimits.listedEntriesMaximum else {
            entries = list[...]
            answer = nil
            return
        }
        let (page, answer) = try (asked ?? ResultSetRequest()).page(
            of: list.map(id),
            limit: PubSubLimits.listedEntriesMaximum
        )
        entries = list.dropFirst(page.range.lowerBound).prefix(page.range.count)
        self.answer = answer
    }
}

extension PubSubRequest {
    /// Answers with a list of pubsub, or with the page of it that is asked for.
    func result<Entry>(
        _ list: Element,
        of entries: [Entry],
        id: (Entry) -> String,
        _ element: (Entry) -> Element
    ) throws(StanzaError) -> PubSubEffect {
        let asked = try iq.payload.flatMap { (payload) throws(StanzaError) in
            try ResultSetRequest.read(in: payload)
        }
        let page = try ListPage(entries, asked, id: id)
        var list = list
        for entry in page.entries { list.append(element(entry)) }
        var pubsub = Element("pubsub", list.namespace, [list])
        if let answer = page.answer { pubsub.append(answer.element) }
        return result(pubsub)
    }
}
