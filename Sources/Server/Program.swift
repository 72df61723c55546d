import ArgumentParser
import Configuration
import Glibc
import Logging
import Platform

/// `lapwing-server`: reads its configuration and serves until it is told to end.
@main
struct Program: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lapwing-server",
        abstract: "An XMPP server with a complete pubsub service at its heart.",
        discussion: """
            Examples:
              lapwing-server --config /etc/lapwing/lapwing.toml
              lapwing-server --config lapwing.toml --check
              lapwing-server --role s2s --config /etc/lapwing/s2s.toml

            SIGTERM and SIGINT close all streams and end the server; SIGHUP reads the \
            certificates and the components again. Accounts are made with lapwingctl.

            Exit codes: 0 ended as told, 1 could not serve, 2 the configuration or a flag is wrong.
            """,
        version: "lapwing-server \(Server.version)"
    )

    @Option(help: "The configuration file.")
    var config = ServerConfiguration.usualPath

    @Option(
        help: ArgumentHelp(
            "Which parts to run: all, router, s2s or components; else the configuration says it.",
            valueName: "role"
        )
    )
    var role: ServerConfiguration.Role?

    @Flag(help: "Check the configuration and what it names, say what is wrong, and end.")
    var check = false

    @Flag(help: "Print what the server speaks as a table in Markdown, and end.")
    var specifications = false

    @Option(
        help: ArgumentHelp(
            "Write a line ‘name address port’ for each listener once all are open.",
            valueName: "path"
        )
    )
    var readyFile: String?

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var program = command as? Program {
                try await program.run()
            } else {
                try command.run()
            }
        } catch let failure as Failure {
            report(failure.description)
            Glibc.exit(failure.code)
        } catch {
            // The library's code for wrong usage is 64; ours, as everywhere, is 2.
            let code = exitCode(for: error)
            let text = fullMessage(for: error)
            if code.isSuccess { print(text) } else { report(text) }
            Glibc.exit(code.isSuccess ? 0 : 2)
        }
    }

    mutating func run() async throws {
        if specifications {
            print(SpecificationTable.markdown)
            return
        }
        let configuration: ServerConfiguration
        do {
            configuration = try ServerConfiguration.read(config, as: role)
        } catch {
            throw Failure(2, "\(error)")
        }
        if check {
            return try Self.check(configuration, in: config)
        }
        LoggingSystem.bootstrap(StreamLogHandler.standardError)
        var log = Logger(label: "lapwing-server")
        log.logLevel = Logger.Level(rawValue: configuration.logLevel.rawValue) ?? .info
        for warning in configuration.warnings { log.warning("\(warning)") }
        let process = try await start(configuration, log)
        let pidFile: PIDFile?
        do {
            pidFile = try configuration.pidFile.map(PIDFile.init)
        } catch {
            throw Failure(1, "pid_file: \(error)")
        }
        if let readyFile { try process.writeReadyFile(readyFile) }
        StartupPages.release()
        await process.serve(until: Signal.events())
        pidFile?.remove()
    }

    private func start(
        _ configuration: ServerConfiguration,
        _ log: Logger
    ) async throws -> any RunningProcess {
        let path = config
        let role = role
        let readAgain: @Sendable () throws -> ServerConfiguration = {
            try ServerConfiguration.read(path, as: role)
        }
        return configuration.role.hasAccounts
            ? try await Server.start(configuration, log: log, readAgain: readAgain)
            : try await EdgeServer.start(configuration, log: log, readAgain: readAgain)
    }

    private static func check(_ configuration: ServerConfiguration, in path: String) throws {
        let certificates = Server.checkCertificates(of: configuration)
        let problems =
            configuration.problems() + certificates.problems
            + Server.problemsOfNames(configuration)
        guard problems.isEmpty else { throw Failure(2, problems.joined(separator: "\n")) }
        for warning in configuration.warnings + certificates.warnings {
            report("\(path): warning: \(warning)")
        }
        for line in certificates.lines { print(line) }
        print("\(path): no fault was found")
    }

    private static func report(_ text: String) {
        let line = text.hasSuffix("\n") ? text : text + "\n"
        _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
    }
}

extension ServerConfiguration.Role: ExpressibleByArgument {}

/// Why the program ends, for its user: a line and an exit code.
struct Failure: Error, CustomStringConvertible {
    let code: CInt
    let description: String

    init(_ code: CInt, _ description: String) {
        self.code = code
        self.description = description
    }
}
