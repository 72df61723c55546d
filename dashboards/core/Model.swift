package import XMPP

/// Everything that the dashboard knows and shows.
///
/// Only ``update(_:)`` changes it.
package struct Model: Sendable {
    package var now: Instant
    package var size: Size
    package var fleet = Fleet()
    package var connection = Connection.connecting
    package var feed = Feed.unknown
    var recollection = Recollection()
    /// What is shown while the picture stands still; values go on arriving meanwhile.
    package var frozen: Picture?
    package var pane = Pane.fleet
    package var overlay: Overlay?
    package var filter = TextFilter()
    package var sort = Column.level
    package var isReversed = false
    /// Where each list stands.
    package var fleetCursor = ListCursor<JID>()
    package var alertCursor = ListCursor<String>()
    package var eventCursor = ListCursor<String>()
    /// The first line shown of a host's page.
    package var hostScroll = 0
    package var zoom = Zoom()
    package var graphs: GraphStyle
    /// Whether characters past ASCII may be drawn.
    package var isUnicode: Bool

    package init(
        size: Size,
        now: Instant,
        graphs: GraphStyle = .braille,
        isUnicode: Bool = true
    ) {
        self.size = size
        self.now = now
        self.graphs = graphs
        self.isUnicode = isUnicode
    }

    /// One of the lists, or one host's page.
    package enum Pane: Sendable, Hashable {
        case fleet, alerts, events
        case host(JID)
    }

    /// What lies over the pane and takes the keys.
    package enum Overlay: Sendable, Hashable {
        /// The keys; with the first line shown.
        case help(first: Int)
        /// A filter that is being typed; with the one to go back to.
        case filter(previous: TextFilter)
        /// The choice of the column to sort by.
        case sort(Column)
    }

    /// What is known at one moment.
    package struct Picture: Sendable {
        package var fleet: Fleet
        package var now: Instant
        package var connection: Connection

        package var isOnline: Bool { connection.isOnline }
    }

    /// What is to be shown: the present, or the moment at which it was frozen.
    package var picture: Picture {
        frozen ?? Picture(fleet: fleet, now: now, connection: connection)
    }
}

/// A text that rows must contain, or with `!` before it must not.
package struct TextFilter: Sendable, Hashable {
    /// Characters of a filter: more than any line shows.
    package static let maximumLength = 80

    package var text = ""

    package init(_ text: String = "") {
        self.text = text
    }

    package var isEmpty: Bool { needle.isEmpty }

    private var isInverse: Bool { text.hasPrefix("!") }

    private var needle: Substring {
        isInverse ? text.dropFirst() : text[...]
    }

    /// Whether a row with these texts is shown; case does not matter.
    package func accepts(_ texts: [String]) -> Bool {
        guard !isEmpty else { return true }
        let wanted = needle.lowercased()
        return texts.contains { $0.lowercased().contains(wanted) } != isInverse
    }
}

/// Which row of a list is chosen and which is the first shown.
///
/// The choice is a row's identity and not its number: when rows move, it moves along.
package struct ListCursor<ID: Hashable & Sendable>: Sendable {
    package var selected: ID?
    package var first = 0
    /// Where the chosen row was last, to stay near when it goes away.
    private var lastIndex = 0

    package init() {}

    package func index(in rows: [ID]) -> Int? {
        guard !rows.isEmpty else { return nil }
        if let selected, let index = rows.firstIndex(of: selected) { return index }
        return min(lastIndex, rows.count - 1)
    }

    package mutating func select(_ index: Int, in rows: [ID]) {
        guard !rows.isEmpty else {
            selected = nil
            return
        }
        lastIndex = min(max(index, 0), rows.count - 1)
        selected = rows[lastIndex]
    }

    package mutating func move(by change: Int, in rows: [ID]) {
        let index = index(in: rows) ?? 0
        select(index.addingReportingOverflow(change).partialValue, in: rows)
    }

    /// Chooses a row where there is none, and shows the chosen one within `height` rows.
    package mutating func settle(in rows: [ID], height: Int) {
        select(index(in: rows) ?? 0, in: rows)
        if let index = index(in: rows) {
            if index < first { first = index }
            if index >= first + height { first = index - height + 1 }
        }
        first = min(max(first, 0), max(rows.count - height, 0))
    }
}
