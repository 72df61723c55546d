import ArgumentParser
import Configuration
import Transport

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
        let domains = configuration.domains
        var problems = configuration.problems()
        var context: TLSContext?
        do {
            if problems.isEmpty { context = try tlsContext(configuration) }
        } catch {
            problems.append("\(error)")
        }
        for problem in problems { Output.error(problem) }
        if !problems.isEmpty { throw ExitCode.failure }
        let path = server.config ?? ServerConfiguration.usualPath
        for warning in configuration.warnings + (context?.warnings(of: domains) ?? []) {
            Output.error("warning: \(warning)")
        }
        for line in context?.summaries(of: domains) ?? [] { Output.line(line) }
        let names = (domains.count == 1 ? "domain " : "domains ") + domains.joined(separator: ", ")
        Output.line("\(path): no problem found (\(names))")
    }

    /// All certificates; nil where no listener needs one.
    private func tlsContext(_ configuration: ServerConfiguration) throws -> TLSContext? {
        let identities = configuration.certificates.map { domain, files in
            CertificateFiles(
                chain: files.certificateFile,
                key: files.keyFile,
                domain: domain
            )
        }
        return identities.isEmpty ? nil : try TLSContext.server(identities)
    }
}
