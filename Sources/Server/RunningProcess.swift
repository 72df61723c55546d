import Glibc
import Transport

/// A process of the server, whatever its role.
protocol RunningProcess: Sendable {
    /// Serves until a signal says to end.
    func serve(until signals: AsyncStream<Signal>) async
    var openListeners: [OpenListener] { get }
}

extension RunningProcess {
    /// Writes which listener has which port, for who started the server with ports of its choice.
    func writeReadyFile(_ path: String) throws {
        let lines = openListeners.map { "\($0.name) \($0.address) \($0.listener.port)\n" }
        // Appears whole: a reader that waits for it finds all lines.
        let draft = path + ".new"
        guard let file = fopen(draft, "w") else {
            throw Failure(1, "\(path): \(String(cString: strerror(errno)))")
        }
        fputs(lines.joined(), file)
        guard fclose(file) == 0, rename(draft, path) == 0 else {
            throw Failure(1, "\(path): \(String(cString: strerror(errno)))")
        }
    }
}
