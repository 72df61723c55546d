import Foundation
import Logging
import Modules
import NIOCore
import NIOPosix
import Testing
import Transport
import XMPP

@testable import Control
@testable import Server

@Suite struct ControlSocketTests {
    /// Answers with what it was asked.
    struct Echo: Administrator {
        func perform(_ request: ControlRequest) async -> ControlReply {
            .refused(.init(.invalid, "\(request.element.name)"))
        }
    }

    /// A socket that listens while `body` runs.
    private func listening(
        in directory: String = NSTemporaryDirectory() + "control-\(UUID().uuidString)",
        _ body: (String) async throws -> Void
    ) async throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let path = directory + "/control.sock"
        let socket = ControlSocket(
            path: path,
            administrator: Echo(),
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let channel = try await socket.listen(on: MultiThreadedEventLoopGroup.singleton)
        try await body(path)
        try await channel.close()
    }

    private func directory(mode: mode_t) throws -> String {
        let directory = NSTemporaryDirectory() + "control-\(UUID().uuidString)"
        try #require(mkdir(directory, mode) == 0)
        return directory
    }

    private func mode(_ path: String) throws -> mode_t {
        var status = stat()
        try #require(stat(path, &status) == 0)
        return status.st_mode & 0o777
    }

    @Test func answersARequest() async throws {
        try await listening { path in
            // The tests of the whole run share the threads that answer.
            let client = ControlClient(path: path, patienceSeconds: 600)
            #expect(client.answers)
            for request in [ControlRequest.status, .hosts, .users(host: "example.org")] {
                let reply = await client.perform(request)
                #expect(reply == .refused(.init(.invalid, request.element.name)))
            }
        }
    }

    @Test func isPrivate() async throws {
        try await listening { path in
            let modes = [try mode(path), try mode(String(path.dropLast("/control.sock".count)))]
            #expect(modes == [0o600, 0o700])
        }
    }

    @Test func replacesTheSocketOfAServerThatDied() async throws {
        let directory = try directory(mode: 0o700)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let name = Array((directory + "/control.sock").utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let left = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(left, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
        close(left)
        try await listening(in: directory) { #expect(ControlClient(path: $0).answers) }
    }

    @Test func refusesADirectoryThatOthersCanEnter() async throws {
        let directory = try directory(mode: 0o755)
        await #expect(throws: SocketFileError.self) {
            try await listening(in: directory) { _ in }
        }
    }

    @Test func leavesAFileInItsPlaceAlone() async throws {
        let directory = try directory(mode: 0o700)
        try Data("keep".utf8).write(to: URL(fileURLWithPath: directory + "/control.sock"))
        await #expect(throws: SocketFileError.self) {
            try await listening(in: directory) { _ in }
        }
    }

    @Test func nobodyListeningIsNoAnswer() async {
        let client = ControlClient(path: NSTemporaryDirectory() + "nobody.sock")
        #expect(!client.answers)
        let reply = await client.perform(.status)
        guard case .refused(let refusal) = reply else { return #expect(Bool(false), "\(reply)") }
        #expect(refusal.reason == .failed)
    }
}
