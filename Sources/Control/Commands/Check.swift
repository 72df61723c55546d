import ArgumentParser
import Configuration

/// Checks the configuration as the server reads it.
struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check the server's configuration and the files that it names."
    )

    @OptionGroup var server: ServerOptions

    func validate() throws {
        if server.data != nil { throw ValidationError("check reads a configuration: --config") }
    }

    func run() async throws {
        let configuration = try server.target().configuration
        let problems = configuration.problems()
        for problem in problems { Output.error(problem) }
        if !problems.isEmpty { throw ExitCode.failure }
        let path = server.config ?? ServerConfiguration.usualPath
        for warning in configuration.warnings { Output.error("warning: \(warning)") }
        Output.line("\(path): no problem found (domain \(configuration.domain))")
    }
}
