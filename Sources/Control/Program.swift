import ArgumentParser
import Foundation

/// `lapwingctl`: an operator's tool for accounts, groups, checks and a look into the server.
@main
enum Program {
    static func main() async {
        // A reader that went away, as `head`, is no reason to die with a signal.
        signal(SIGPIPE, SIG_IGN)
        exit(await run(Array(CommandLine.arguments.dropFirst())))
    }

    /// Runs the command that the arguments name: 0 success, 1 failure, 2 wrong use.
    static func run(_ arguments: [String]) async -> Int32 {
        do {
            var command = try Lapwingctl.parseAsRoot(inUsualOrder(arguments))
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            return 0
        } catch let failure as Failure {
            Output.error(failure.description)
            return 1
        } catch {
            let code = Lapwingctl.exitCode(for: error)
            let message = Lapwingctl.fullMessage(for: error)
            if code.isSuccess {
                Output.line(message)
                return 0
            }
            if !message.isEmpty { Output.error(message) }
            return code == .validationFailure ? 2 : 1
        }
    }

    /// Moves options that stand before the command behind it, where the parser knows them.
    static func inUsualOrder(_ arguments: [String]) -> [String] {
        var rest = arguments[...]
        var options: [String] = []
        while let first = rest.first, rest.count > 1 {
            let isAssigned = first.hasPrefix("--config=") || first.hasPrefix("--data=")
            guard isAssigned || first == "--config" || first == "--data" else { break }
            options += rest.prefix(isAssigned ? 1 : 2)
            rest = rest.dropFirst(isAssigned ? 1 : 2)
        }
        let end = rest.firstIndex(of: "--") ?? rest.endIndex
        return Array(rest[..<end]) + options + Array(rest[end...])
    }
}

/// What keeps a command from being done, as one line.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Where the tool's lines go.
enum Output {
    static func line(_ text: String) {
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }

    static func error(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }

    /// A value as JSON, with keys in a fixed order.
    static func json(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        line(String(decoding: try encoder.encode(value), as: UTF8.self))
    }
}
