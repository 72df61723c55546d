package import XMPP

/// When the terminal is written to: not more often than ``interval``, and never with nothing new.
///
/// States: clean, when all that happened is on the terminal; due, when something happened since.
package struct Repaint: Sendable {
    /// Ten pictures a second: more is not read, and costs on slow links.
    package static let interval = Duration.milliseconds(100)

    private var shown: Screen?
    private var painted: Instant?
    private var isDue = true
    /// How many pictures had something to write.
    package private(set) var frames = 0

    package init() {}

    /// What to write to get from what is shown to `screen`.
    package struct Frame: Sendable {
        package var screen: Screen
        package var changes: [Screen.Change]
        /// Whether the terminal may show anything, so that it has to be cleared first.
        package var isWhole: Bool
    }

    /// Something happened that may show.
    package mutating func happened() {
        isDue = true
    }

    /// The terminal no longer shows what was written.
    package mutating func lost() {
        shown = nil
        isDue = true
    }

    /// How long to wait for the next picture; nil while there is nothing to show.
    package func wait(at now: Instant) -> Duration? {
        guard isDue else { return nil }
        // A clock that was set back must not stop the picture.
        guard let painted, now >= painted else { return .zero }
        return max(Self.interval - (now - painted), .zero)
    }

    /// The next picture; nil when it is not yet time, or when it would be the same.
    package mutating func frame(of model: Model, at now: Instant) -> Frame? {
        guard wait(at: now) == .zero else { return nil }
        isDue = false
        let screen = model.screen
        let changes = screen.changes(from: shown)
        guard !changes.isEmpty || screen.cursor != shown?.cursor else { return nil }
        let isWhole = shown?.size != screen.size
        shown = screen
        painted = now
        frames += 1
        return Frame(screen: screen, changes: changes, isWhole: isWhole)
    }
}
