import CNcurses
import Dashboard
import Glibc

/// The terminal in full-screen mode: writes cells and reads keys, and knows nothing else.
///
/// Owned by the program's main thread, which alone calls ncurses.
final class Terminal {
    let isUnicode: Bool
    let graphs: GraphStyle
    /// Where keys come from.
    let input: Int32
    private let window: UnsafeMutablePointer<WINDOW>
    private let palette: Palette
    private let crash: CrashGuard
    private var looks: [Style: (bits: Int32, pair: Int32)] = [:]
    private var isCursorShown = false

    /// Nil when there is no such terminal; then text is written instead.
    init?(_ settings: Settings) {
        isUnicode = lapwing_use_locale()
        graphs = settings.graphs ?? Self.usualGraphs(isUnicode: isUnicode)
        crash = CrashGuard()
        input = lapwing_open_terminal()
        guard input >= 0, let window = lapwing_window() else { return nil }
        self.window = window
        crash.arm()
        cbreak()
        noecho()
        nonl()
        intrflush(window, false)
        keypad(window, true)
        nodelay(window, true)
        // A terminal sends the rest of a key's sequence at once; a person's Escape stands alone.
        set_escdelay(25)
        curs_set(0)
        if settings.wantsMouse { lapwing_use_mouse() }
        palette = Palette(settings.wantsColor ? Self.colors() : .none)
        startColors()
    }

    /// Gives the terminal back as it was.
    func close() {
        endwin()
        crash.disarm()
    }

    private static func usualGraphs(isUnicode: Bool) -> GraphStyle {
        guard isUnicode else { return .ascii }
        // The console's fonts have blocks, and no braille.
        return Settings.environment("TERM") == "linux" ? .block : .braille
    }

    /// The terminal's size as the kernel knows it.
    var size: Size {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0
        else { return Size(columns: Int(getmaxx(window)), rows: Int(getmaxy(window))) }
        return Size(columns: Int(size.ws_col), rows: Int(size.ws_row))
    }

    func resize(to size: Size) {
        resizeterm(Int32(size.rows), Int32(size.columns))
    }

    /// Leaves the terminal to the shell, stops, and takes it back when the shell goes on with us.
    func suspend() {
        endwin()
        raise(SIGSTOP)
        wrefresh(window)
    }
}

// MARK: - Painting

extension Terminal {
    /// Writes what changed.
    func paint(_ frame: Repaint.Frame) {
        if frame.isWhole {
            werase(window)
            clearok(window, true)
        }
        for change in frame.changes {
            for column in change.columns {
                put(frame.screen[change.row, column], row: change.row, column: column)
            }
        }
        place(frame.screen.cursor)
        wrefresh(window)
    }

    private func put(_ cell: Cell, row: Int, column: Int) {
        guard cell.width > 0 else { return }
        let (bits, pair) = look(cell.style)
        // In a locale without UTF-8 libc could not write it.
        let scalar = isUnicode || cell.scalar.isASCII ? cell.scalar.value : 0x3F
        if cell.marks.first == 0 || !isUnicode {
            withUnsafePointer(to: scalar) {
                lapwing_put(window, Int32(row), Int32(column), $0, 1, bits, pair)
            }
        } else {
            let scalars = [scalar, cell.marks.first, cell.marks.second]
            let count: Int32 = cell.marks.second == 0 ? 2 : 3
            lapwing_put(window, Int32(row), Int32(column), scalars, count, bits, pair)
        }
    }

    private func place(_ cursor: Screen.Position?) {
        if (cursor != nil) != isCursorShown {
            isCursorShown = cursor != nil
            curs_set(isCursorShown ? 1 : 0)
        }
        if let cursor { wmove(window, Int32(cursor.row), Int32(cursor.column)) }
    }

    private func look(_ style: Style) -> (bits: Int32, pair: Int32) {
        if let known = looks[style] { return known }
        let appearance = palette.appearance(of: style)
        var bits: Int32 = 0
        if appearance.isBold { bits |= Int32(lapwing_bold) }
        if appearance.isDim { bits |= Int32(lapwing_dim) }
        if appearance.isReversed { bits |= Int32(lapwing_reverse) }
        if appearance.isUnderlined { bits |= Int32(lapwing_underline) }
        let pair = appearance.foreground == nil ? 0 : Int32(style.ink.rawValue) + 1
        looks[style] = (bits, pair)
        return (bits, pair)
    }

    private static func colors() -> ColorSupport {
        // Colors count only after ncurses was told to use them.
        start_color()
        switch lapwing_colors() {
        case 256...: return .indexed
        case 8...: return .basic
        default: return .none
        }
    }

    private func startColors() {
        guard palette.colors != .none else { return }
        use_default_colors()
        for ink in Ink.allCases {
            guard let foreground = palette.foreground(ink) else { continue }
            init_pair(Int16(ink.rawValue) + 1, foreground, -1)
        }
    }
}
