import Dispatch
import Foundation
import Modules
import XMPP

/// Asks the running server through its control socket.
struct ControlClient: Administrator {
    let path: String
    /// Seconds that a server may take to answer: a commit on a slow disk.
    var patienceSeconds = 30

    /// Waits on a thread of its own: tasks that wait for a server may not have those on which a
    /// server in the same process answers.
    func perform(_ request: ControlRequest) async -> ControlReply {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: ask(request)) }
        }
    }

    private func ask(_ request: ControlRequest) -> ControlReply {
        do {
            let descriptor = try connect()
            defer { close(descriptor) }
            try send(ControlSyntax.framed(request.element), descriptor)
            let limits = ControlSyntax.replyLimits
            return try ControlReply(
                reading: Element(parsing: try receive(descriptor), limits: limits)
            )
        } catch {
            return .refused(.init(.failed, "\(path): \(error)"))
        }
    }

    /// Whether somebody listens.
    var answers: Bool {
        guard let descriptor = try? connect() else { return false }
        close(descriptor)
        return true
    }

    private func connect() throws -> CInt {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let room = MemoryLayout.size(ofValue: address.sun_path) - 1
        guard bytes.count <= room else { throw Failure("the path is too long for a socket") }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { throw lastFailure() }
        var patience = timeval(tv_sec: patienceSeconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, size)
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard connected == 0 else {
            let failure = lastFailure()
            close(descriptor)
            throw failure
        }
        return descriptor
    }

    private func send(_ bytes: [UInt8], _ descriptor: CInt) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw lastFailure() }
            sent += count
        }
    }

    private func receive(_ descriptor: CInt) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while bytes.count <= ControlSyntax.replyLimits.stanzaBytes {
            let count = chunk.withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress, $0.count, 0)
            }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw lastFailure() }
            if count == 0 { throw Failure("the server closed the connection; see its log") }
            bytes += chunk[..<count]
            if bytes.last == 0 { return bytes.dropLast() }
        }
        throw Failure("the answer is too long")
    }

    private func lastFailure() -> Failure {
        errno == EAGAIN
            ? Failure("no answer in \(patienceSeconds) seconds")
            : Failure(String(cString: strerror(errno)))
    }
}
