/// The colours that a terminal has.
package enum ColorSupport: Sendable, Hashable, CaseIterable {
    /// None, or the user wants none (NO_COLOR): bold, dim and reverse remain.
    case none
    /// The eight or sixteen of old.
    case basic
    /// The 256 of xterm.
    case indexed
}

/// How each style looks on a terminal with given colours.
///
/// Colours stand on the terminal's own background, so that light and dark ones both work; a level
/// is told by its letter as well, so that no meaning is in the colour alone.
package struct Palette: Sendable {
    package var colors: ColorSupport

    package init(_ colors: ColorSupport) {
        self.colors = colors
    }

    /// What the terminal is told for one style.
    package struct Appearance: Sendable, Hashable {
        /// The foreground's index; nil leaves the terminal's own.
        package var foreground: Int16?
        package var isBold = false
        package var isDim = false
        package var isReversed = false
        package var isUnderlined = false
    }

    package func appearance(of style: Style) -> Appearance {
        var appearance = Appearance(
            foreground: foreground(style.ink),
            isBold: style.isBold,
            isReversed: style.isReversed,
            isUnderlined: style.isUnderlined
        )
        if style.ink == .faint, colors != .indexed { appearance.isDim = true }
        if style.ink == .critical { appearance.isBold = true }
        return appearance
    }

    /// The foreground's index of an ink; nil for the terminal's own.
    package func foreground(_ ink: Ink) -> Int16? {
        switch colors {
        case .none: nil
        case .basic: Self.basic(ink)
        case .indexed: Self.indexed(ink)
        }
    }

    private static func basic(_ ink: Ink) -> Int16? {
        switch ink {
        case .text, .faint: nil
        case .critical: 1
        case .ok, .memory: 2
        case .warning, .disk: 3
        case .title, .network: 4
        case .unknown, .pressure: 5
        case .key, .info, .processor: 6
        }
    }

    /// Chosen to be told apart by those who see no red or green, on light and on dark.
    private static func indexed(_ ink: Ink) -> Int16? {
        switch ink {
        case .text: nil
        case .faint: 244
        case .title: 33
        case .key: 37
        case .ok: 36
        case .unknown: 134
        case .info: 38
        case .warning: 172
        case .critical: 160
        case .processor: 38
        case .memory: 71
        case .network: 68
        case .disk: 136
        case .pressure: 133
        }
    }
}
