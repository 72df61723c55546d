/// Which page of a long list is asked for (XEP-0059).
package struct ResultSetRequest: Sendable, Hashable {
    package static let namespace = "http://jabber.org/protocol/rsm"
    /// Entries of one page: enough for a screen of any size, few enough to build in a moment.
    package static let pageMaximum = 1_000
    /// Bytes of an id: more than the longest address (3,071) and any item's id have.
    package static let idBytesMaximum = 4_096

    /// Where the page lies.
    package enum Place: Sendable, Hashable {
        case first
        case last
        /// The entries that come right before this one.
        case before(String)
        /// The entries that come right after this one.
        case after(String)
        /// The entries from this position on, counted from zero.
        case index(Int)
    }

    package var place: Place
    /// The most entries that are wanted; nil leaves it to who answers.
    package var max: Int?

    package init(_ place: Place = .first, max: Int? = nil) {
        self.place = place
        self.max = max
    }
}

extension ResultSetRequest {
    /// Reads the `<set/>` inside `query`; nil when there is none.
    package static func read(in query: Element) throws(StanzaError) -> ResultSetRequest? {
        guard let set = query.child("set", namespace) else { return nil }
        return try ResultSetRequest(set)
    }

    /// Reads a `<set/>`.
    ///
    /// What combines two places is refused: XEP-0059 does not say what it would mean
    /// (XEP-0313 §4.3.2 leaves it open as well).
    package init(_ set: Element) throws(StanzaError) {
        var places: [Place] = []
        if let after = set.child("after") { places.append(.after(try Self.id(after))) }
        if let before = set.child("before") {
            // XEP-0059 §2.5: empty means the last page.
            let id = try Self.id(before)
            places.append(id.isEmpty ? .last : .before(id))
        }
        if let index = set.child("index") { places.append(.index(try Self.number(index))) }
        guard places.count <= 1 else {
            throw StanzaError(.badRequest, text: "give one of <after/>, <before/> and <index/>")
        }
        var max: Int?
        if let element = set.child("max") { max = try Self.number(element) }
        self.init(places.first ?? .first, max: max)
    }

    private static func id(_ element: Element) throws(StanzaError) -> String {
        let id = element.text
        guard id.utf8.count <= idBytesMaximum else {
            throw StanzaError(
                .badRequest,
                text: "<\(element.name)/> has at most \(idBytesMaximum) bytes"
            )
        }
        return id
    }

    private static func number(_ element: Element) throws(StanzaError) -> Int {
        // Space around a number is none of it (XML Schema's int).
        let words = element.text.split(whereSeparator: \.isWhitespace)
        guard words.count == 1, let number = words.first.flatMap({ Int($0) }), number >= 0 else {
            throw StanzaError(.badRequest, text: "<\(element.name)/> is a number from 0 on")
        }
        return number
    }

    /// The `<set/>` that asks for the page.
    package var element: Element {
        var set = Element("set", Self.namespace)
        func append(_ name: String, _ text: String) {
            set.append(Element(name, Self.namespace, text: text))
        }
        if let max { append("max", String(max)) }
        switch place {
        case .first: break
        case .last: append("before", "")
        case .before(let id): append("before", id)
        case .after(let id): append("after", id)
        case .index(let index): append("index", String(index))
        }
        return set
    }
}

/// The part of a list that answers a request.
package struct ResultSetPage: Sendable, Hashable {
    /// The positions of its entries in the whole list.
    package var range: Range<Int>
    /// How many entries the whole list has.
    package var count: Int
    /// Whether nothing further follows in the direction that was asked for.
    package var isComplete: Bool
}

extension ResultSetRequest {
    /// Finds the page in a list of `count` entries.
    ///
    /// `position` tells where an id stands: `i..<i + 1` for the entry at `i`, and `i..<i` for one
    /// that is not listed but would stand before the entry at `i`: then no page is lost when an
    /// entry is removed while someone pages (XEP-0059 §2.4). Nil is answered `item-not-found`.
    /// `limit` is a further bound on the page's length; ``pageMaximum`` always is one.
    package func page(
        count: Int,
        limit: Int = pageMaximum,
        position: (String) -> Range<Int>?
    ) throws(StanzaError) -> ResultSetPage {
        let bounds = 0..<Swift.max(count, 0)
        let length = Swift.max(min(max ?? limit, limit, Self.pageMaximum), 0)
        var lower = 0
        switch place {
        case .first: break
        case .last: return Self.page(of: length, before: bounds.upperBound, in: bounds)
        case .before(let id):
            let place = try Self.found(position(id), id)
            return Self.page(of: length, before: place.lowerBound, in: bounds)
        case .after(let id): lower = try Self.found(position(id), id).upperBound
        // XEP-0059 §2.6: an index past the end is an empty page, no error.
        case .index(let index): lower = index
        }
        let range = Self.range(from: lower, length: length, in: bounds)
        return ResultSetPage(
            range: range,
            count: bounds.count,
            isComplete: range.upperBound == bounds.upperBound
        )
    }

    private static func page(of length: Int, before end: Int, in bounds: Range<Int>)
        -> ResultSetPage
    {
        let upper = end.clamped(to: bounds)
        let range = Swift.max(upper - length, 0)..<upper
        return ResultSetPage(range: range, count: bounds.count, isComplete: range.lowerBound == 0)
    }

    private static func range(from start: Int, length: Int, in bounds: Range<Int>) -> Range<Int> {
        let lower = start.clamped(to: bounds)
        return lower..<(lower + min(length, bounds.upperBound - lower))
    }

    private static func found(_ place: Range<Int>?, _ id: String) throws(StanzaError)
        -> Range<Int>
    {
        guard let place else {
            throw StanzaError(.itemNotFound, text: "the list has no entry \(id.prefix(64))")
        }
        return place
    }

    /// The page of a list of ids, with what goes beside it into the answer.
    package func page(
        of ids: some RandomAccessCollection<String>,
        limit: Int = pageMaximum
    ) throws(StanzaError) -> (page: ResultSetPage, answer: ResultSetAnswer) {
        let page = try page(count: ids.count, limit: limit) { id in
            ids.firstIndex(of: id).map { index in
                let position = ids.distance(from: ids.startIndex, to: index)
                return position..<(position + 1)
            }
        }
        let entries = ids.dropFirst(page.range.lowerBound).prefix(page.range.count)
        return (page, page.answer(first: entries.first, last: entries.last))
    }
}

extension ResultSetPage {
    /// What goes into the answer beside the page's entries, given the ids of its two ends.
    package func answer(first: String?, last: String?) -> ResultSetAnswer {
        ResultSetAnswer(first: first, last: last, index: range.lowerBound, count: count)
    }
}

/// What an answer says about the page that it brings (XEP-0059 §2.2).
package struct ResultSetAnswer: Sendable, Hashable {
    /// The ids of the ends; nil for an empty page.
    package var first: String?
    package var last: String?
    /// The position of the first entry in the whole list.
    package var index: Int?
    /// How many entries the whole list has.
    package var count: Int?

    package init(
        first: String? = nil,
        last: String? = nil,
        index: Int? = nil,
        count: Int? = nil
    ) {
        self.first = first
        self.last = last
        self.index = index
        self.count = count
    }

    /// Reads a `<set/>`; nil when it is none.
    ///
    /// Numbers that cannot be read count as left out: both may be (XEP-0059 §2.2).
    package init?(_ set: Element) {
        guard set.matches("set", ResultSetRequest.namespace) else { return nil }
        let first = set.child("first")
        self.init(
            first: first?.text,
            last: set.child("last")?.text,
            index: first?["index"].flatMap { Int($0) },
            count: set.child("count").flatMap { Int($0.text) }
        )
    }

    /// The `<set/>`.
    package var element: Element {
        let namespace = ResultSetRequest.namespace
        var set = Element("set", namespace)
        // XEP-0059 §2.2: both ends, or for an empty page neither.
        if let first, let last {
            var end = Element("first", namespace, text: first)
            end["index"] = index.map { String($0) }
            set.append(end)
            set.append(Element("last", namespace, text: last))
        }
        if let count { set.append(Element("count", namespace, text: String(count))) }
        return set
    }
}

extension Int {
    fileprivate func clamped(to bounds: Range<Int>) -> Int {
        Swift.min(Swift.max(self, bounds.lowerBound), bounds.upperBound)
    }
}
