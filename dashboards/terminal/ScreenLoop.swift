import Dashboard
import Glibc
import XMPP

/// The interactive program: waits for keys, signals and mail, and paints what changed.
struct ScreenLoop {
    private let terminal: Terminal
    private let mailbox: Mailbox
    private let signals: Signals
    private let link: Link
    private let clock = Clock()
    private var model: Model
    private var repaint = Repaint()
    private var lastPress: (at: Instant, row: Int)?
    private var wasOnline = false

    init(_ link: Link, _ terminal: Terminal, _ mailbox: Mailbox, _ signals: Signals) {
        self.link = link
        self.terminal = terminal
        self.mailbox = mailbox
        self.signals = signals
        model = Model(
            size: terminal.size,
            now: clock.now,
            graphs: terminal.graphs,
            isUnicode: terminal.isUnicode
        )
    }

    /// Runs until the user leaves, or the client gives up before it was ever online.
    consuming func run() -> Ending {
        while true {
            let ready = wait()
            if let ending = update(.tick(clock.now)) { return ending }
            if let ending = handleSignals() { return ending }
            if let ending = handleMail() { return ending }
            if ready.hasInput, let ending = handleInputs() { return ending }
            // A terminal that was closed says so for ever.
            if ready.isInputGone { return Ending(.ok) }
            repaint.happened()
            if let frame = repaint.frame(of: model, at: clock.now) { terminal.paint(frame) }
        }
    }

    /// Waits for something to happen: at most a second, since ages grow by themselves.
    private func wait() -> (hasInput: Bool, isInputGone: Bool) {
        var descriptors = [terminal.input, signals.descriptor, mailbox.descriptor].map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        let pause = repaint.wait(at: clock.now) ?? .seconds(1)
        let milliseconds = Int32(min(max(pause / .milliseconds(1), 0), 1000).rounded(.up))
        _ = poll(&descriptors, nfds_t(descriptors.count), milliseconds)
        let events = Int32(descriptors[0].revents)
        let isGone = events & (POLLHUP | POLLERR | POLLNVAL) != 0
        return (events & POLLIN != 0, isGone)
    }

    private mutating func handleSignals() -> Ending? {
        let taken = signals.take()
        guard !taken.isEmpty else { return nil }
        if !taken.isDisjoint(with: [SIGINT, SIGTERM, SIGHUP]) { return Ending(.ok) }
        if taken.contains(SIGTSTP) { suspend() }
        if taken.contains(SIGWINCH) { resize() }
        return nil
    }

    private mutating func suspend() {
        terminal.suspend()
        resize()
    }

    private mutating func resize() {
        let size = terminal.size
        terminal.resize(to: size)
        _ = model.update(.resized(size))
        repaint.lost()
    }

    private mutating func handleMail() -> Ending? {
        for mail in mailbox.take() {
            switch mail {
            case .message(let message):
                if case .connection(.online) = message { wasOnline = true }
                if let ending = update(message) { return ending }
            case .gaveUp(let reason, let isRefusal) where !wasOnline:
                return Ending(isRefusal ? .refused : .unavailable, reason)
            case .gaveUp, .rosterCame: break
            }
        }
        return nil
    }

    private mutating func handleInputs() -> Ending? {
        for input in terminal.takeInputs() {
            if let ending = update(message(for: input)) { return ending }
        }
        return nil
    }

    /// Gives the model a message, and does what it wants done.
    private mutating func update(_ message: Message) -> Ending? {
        for command in model.update(message) {
            switch command {
            case .quit: return Ending(.ok)
            case .suspend: suspend()
            case .ask(let requests): link.ask(requests)
            case .repaint: repaint.lost()
            }
        }
        return nil
    }

    private mutating func message(for input: Input) -> Message {
        switch input {
        case .key(let key): return .key(key)
        case .wheelUp: return .mouse(.wheelUp)
        case .wheelDown: return .mouse(.wheelDown)
        case .press(let position):
            let isSecond =
                lastPress.map {
                    $0.row == position.row && model.now - $0.at <= Self.doublePress
                } ?? false
            lastPress = isSecond ? nil : (model.now, position.row)
            return .mouse(isSecond ? .doublePressed(position) : .pressed(position))
        }
    }

    /// Two presses within this time are one double press, as desktops have it.
    private static let doublePress = Duration.milliseconds(400)
}
