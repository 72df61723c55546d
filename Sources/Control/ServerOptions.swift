import ArgumentParser
import Configuration
import Foundation

/// Which server is meant.
struct ServerOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "The server's configuration.",
            discussion: "Default: \(ServerConfiguration.usualPath)",
            valueName: "file"
        )
    )
    var config: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The server's data directory, where there is no configuration to name it.",
            valueName: "dir"
        )
    )
    var data: String?

    func validate() throws {
        if config != nil && data != nil {
            throw ValidationError("give --config or --data, not both")
        }
    }

    /// Finds out where the server's files are.
    func target() throws -> Target {
        if let data {
            let directory = URL(fileURLWithPath: data).path
            let configuration = ServerConfiguration(domain: "", dataDirectory: directory)
            return Target(configuration: configuration, knowsDomain: false)
        }
        let path = config ?? ServerConfiguration.usualPath
        if config == nil && !FileManager.default.fileExists(atPath: path) {
            throw Failure("\(path): not there; name the server with --config FILE or --data DIR")
        }
        do {
            return Target(configuration: try .read(path), knowsDomain: true)
        } catch {
            throw Failure("\(error)")
        }
    }
}

/// A server as its files describe it.
struct Target {
    let configuration: ServerConfiguration
    /// Whether the configuration was read, rather than only a directory named.
    let knowsDomain: Bool
}
