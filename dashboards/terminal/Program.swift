import Arguments
import Configuration
import Dashboard
import Glibc

/// `lapwing-top`: the fleet in a terminal, or as text for programs and scripts.
@main
enum Program {
    static func main() {
        // A reader that went away is told by the write, not by a signal.
        signal(SIGPIPE, SIG_IGN)
        exit(run(Array(CommandLine.arguments.dropFirst())))
    }

    private static func run(_ arguments: [String]) -> Int32 {
        let settings: Settings
        do {
            let parsed = try Settings.command.parse(arguments)
            if parsed.wantsHelp {
                Output.write(Settings.helpText)
                return Outcome.ok.rawValue
            }
            if parsed.wantsVersion {
                Output.write("lapwing-top \(Settings.version)\n")
                return Outcome.ok.rawValue
            }
            settings = try Settings(parsed)
        } catch let error as ConfigurationError {
            return fail(error.description, .configuration)
        } catch let error as PasswordError {
            return fail(error.description, .configuration)
        } catch {
            return fail("\(error)\nTry: lapwing-top --help", .usage)
        }
        return run(settings)
    }

    private static func run(_ settings: Settings) -> Int32 {
        let signals = Signals(settings.mode == .screen ? .screen : .text)
        guard let signals, let mailbox = Mailbox() else {
            return fail("the system gives no more file descriptors", .unavailable)
        }
        let link = Link(settings.connection, to: mailbox)
        if settings.mode == .screen, let terminal = Terminal(settings) {
            link.start()
            let loop = ScreenLoop(link, terminal, mailbox, signals)
            let ending = loop.run()
            terminal.close()
            link.close()
            return report(ending)
        }
        link.start()
        let ending = TextLoop(settings, mailbox, signals).run()
        link.close()
        return report(ending)
    }

    private static func report(_ ending: Ending) -> Int32 {
        if let message = ending.message { return fail(message, ending.outcome) }
        return ending.outcome.rawValue
    }

    private static func fail(_ message: String, _ outcome: Outcome) -> Int32 {
        Output.write("lapwing-top: \(message)\n", to: STDERR_FILENO)
        return outcome.rawValue
    }
}

/// How a loop ended.
struct Ending {
    var outcome: Outcome
    /// What to tell on standard error; nil when all went as it should.
    var message: String?

    init(_ outcome: Outcome, _ message: String? = nil) {
        self.outcome = outcome
        self.message = message
    }
}
