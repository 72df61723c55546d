import Configuration
import Foundation
import Modules
import Storage

/// Finds out whether the server runs, and asks it or works on its files.
enum Operator {
    /// Looks while somebody holds the lock but does not answer: a server that starts, or another
    /// `lapwingctl`.
    static let attempts = 50
    static let pause = Duration.milliseconds(100)

    /// Has one request done; refusals become failures.
    static func ask(_ request: ControlRequest, of target: Target) async throws -> ControlReply {
        let reply = try await reply(to: request, target)
        if case .refused(let refusal) = reply { throw Failure(refusal.text) }
        return reply
    }

    private static func reply(
        to request: ControlRequest,
        _ target: Target
    ) async throws -> ControlReply {
        let directory = DataDirectory(target.configuration.dataDirectory)
        let client = ControlClient(path: target.configuration.controlSocket)
        if case .register = request { try directory.create() }
        guard FileManager.default.fileExists(atPath: directory.path) else {
            throw Failure("\(directory.path): not there; no account was registered yet")
        }
        for _ in 1...attempts {
            if let lock = try lock(directory) {
                return try await whileStopped(request, target, directory, lock)
            }
            if client.answers { return await client.perform(request) }
            try await Task.sleep(for: pause)
        }
        throw Failure("\(directory.path): in use, but nobody answers at \(client.path)")
    }

    /// nil when another program has the directory.
    private static func lock(_ directory: DataDirectory) throws -> DataDirectoryLock? {
        do throws(DataDirectoryError) {
            return try directory.lock()
        } catch .held {
            return nil
        }
    }

    private static func whileStopped(
        _ request: ControlRequest,
        _ target: Target,
        _ directory: DataDirectory,
        _ lock: DataDirectoryLock
    ) async throws -> ControlReply {
        switch request {
        case .hosts, .status, .why:
            throw Failure("Lapwing is not running (data directory \(directory.path))")
        default:
            let server = try StoppedServer(target, directory, lock)
            defer { server.close() }
            return await server.perform(request)
        }
    }
}
