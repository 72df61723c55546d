import Arguments
import Configuration
import Glibc
import Platform
import Telemetry

/// `lapwing-agent`: publishes a host's values.
@main
enum Program {
    static func main() {
        exit(run(Array(CommandLine.arguments.dropFirst())))
    }

    /// Returns the exit code: 1 when something went wrong while running, 2 for what it was told.
    private static func run(_ arguments: [String]) -> Int32 {
        do {
            let parsed = try AgentCommand.command.parse(arguments)
            if parsed.wantsHelp {
                print(AgentCommand.command.help(), terminator: "")
                return 0
            }
            if parsed.wantsVersion {
                print("lapwing-agent \(AgentCommand.version)")
                return 0
            }
            if parsed.has("once") { return try once(parsed) }
            guard !parsed.has("json") else {
                Log.error("--json goes with --once")
                return 2
            }
            var agent = Agent(try settings(parsed))
            return agent.run()
        } catch let problem as AgentSettings.Problem {
            Log.error(problem.message)
        } catch let error as ConfigurationError {
            Log.error(error.description)
        } catch let error as ArgumentError {
            Log.error("\(error); --help tells more")
        } catch {
            Log.error("\(error)")
        }
        return 2
    }

    private static func draft(_ parsed: ParsedArguments) throws -> SettingsDraft {
        var draft = SettingsDraft()
        if let path = parsed.value("config") {
            draft = try SettingsDraft(try ConfigurationFile.read(path))
        }
        try draft.apply(parsed)
        return draft
    }

    private static func settings(_ parsed: ParsedArguments) throws -> AgentSettings {
        try draft(parsed).finished(
            environment: getenv("LAPWING_PASSWORD").map { String(cString: $0) },
            secret: secret
        )
    }

    private static func secret(_ path: String) throws(AgentSettings.Problem) -> String {
        do throws(PasswordFile.Failure) {
            let file = try PasswordFile(path)
            if let warning = file.warning { Log.warning(warning) }
            return file.password
        } catch {
            throw .init(message: error.description)
        }
    }

    /// Two readings a short while apart, since rates need two; prints the second.
    private static func once(_ parsed: ParsedArguments) throws -> Int32 {
        let files = HostFiles(root: try draft(parsed).root ?? "/")
        var sampler = Sampler(allCollectors(files))
        _ = sampler.sample(.now)
        usleep(pauseMicroseconds)
        var (tick, reading) = sampler.sample(.now)
        var book = AlertBook()
        _ = book.evaluate(reading, at: tick)
        Summary.add(to: &reading, cpus: reading[.cpu].instances.count, open: book.open)
        let text =
            parsed.has("json")
            ? Report.json(reading, host: Boot.hostName())
            : Report.table(reading, inBold: isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == nil)
        print(text, terminator: "")
        return 0
    }

    /// Half a second: short to wait for, and fifty of the kernel's ticks.
    private static let pauseMicroseconds: UInt32 = 500_000
}
