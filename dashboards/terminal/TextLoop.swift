import Dashboard
import Glibc
import XMPP

/// The program without a screen: one look, or a line a change.
struct TextLoop {
    private let settings: Settings
    private let mailbox: Mailbox
    private let signals: Signals
    private let clock = Clock()
    private let end: Instant?
    private var model: Model
    private var look: SingleLook
    private var hasRoster = false
    /// Why we are not online.
    private var trouble: String?

    init(_ settings: Settings, _ mailbox: Mailbox, _ signals: Signals) {
        self.settings = settings
        self.mailbox = mailbox
        self.signals = signals
        let now = clock.now
        model = Model(size: Size(columns: 80, rows: 24), now: now)
        look = SingleLook(at: now)
        switch settings.mode {
        case .once:
            let usual = Duration.milliseconds(Int(Settings.lookTimeoutSeconds * 1000))
            end = now + (settings.timeout ?? usual)
        case .watch, .screen: end = settings.timeout.map { now + $0 }
        }
    }

    consuming func run() -> Ending {
        while true {
            wait()
            _ = model.apply(.tick(clock.now))
            if !signals.take().isEmpty { return ending() }
            for mail in mailbox.take() {
                if let ending = handle(mail) { return ending }
            }
            if case .once(let json) = settings.mode {
                let isOver = end.map { clock.now >= $0 } ?? false
                if isOver || look.isComplete(model.picture, hasRoster: hasRoster) {
                    return show(json: json)
                }
            } else if let end, clock.now >= end {
                return ending()
            }
        }
    }

    /// A single look asks itself ten times a second whether it has seen enough.
    private func wait() {
        var descriptors = [signals.descriptor, mailbox.descriptor].map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        var milliseconds: Int32 = 100
        if case .watch = settings.mode { milliseconds = 1000 }
        if let end {
            let rest = max((end - clock.now) / .milliseconds(1), 0)
            milliseconds = Int32(min(rest.rounded(.up), Double(milliseconds)))
        }
        _ = poll(&descriptors, nfds_t(descriptors.count), milliseconds)
    }

    /// Takes one mail; an ending when the program is over with it.
    private mutating func handle(_ mail: Mail) -> Ending? {
        switch mail {
        case .rosterCame: hasRoster = true
        case .gaveUp(let reason, let isRefusal):
            return Ending(isRefusal ? .refused : .unavailable, reason)
        case .message(let message):
            note(message)
            guard model.apply(message), case .watch(let json) = settings.mode else { return nil }
            let line =
                json
                ? model.picture.jsonLine(for: message) : model.picture.plainLine(for: message)
            // A reader that has seen enough ends the program, as it does for others in a pipe.
            if let line, !Output.write(line + "\n") { return Ending(.ok) }
        }
        return nil
    }

    private mutating func note(_ message: Message) {
        guard case .connection(let connection) = message else { return }
        switch connection {
        case .online: trouble = nil
        case .offline(let reason, _):
            trouble = reason
            hasRoster = false
        case .connecting: break
        }
    }

    private func show(json: Bool) -> Ending {
        let picture = model.picture
        if !picture.fleet.hosts.isEmpty || picture.isOnline {
            Output.write(json ? picture.json + "\n" : picture.plainText)
        }
        return ending()
    }

    private func ending() -> Ending {
        if model.picture.fleet.hosts.isEmpty, !model.connection.isOnline {
            return Ending(.unavailable, trouble ?? "no connection was made in time")
        }
        return Ending(Outcome(model.picture))
    }
}
