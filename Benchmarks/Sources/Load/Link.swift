import CLinux
import COpenSSL
import Glibc

/// One connection to the server, plain or TLS; it never blocks.
///
/// Owned by its `Loop`.
final class Link {
    enum Outcome {
        case open, closed
    }

    /// What a link does with what comes in.
    ///
    /// It takes from `Link.received` what it has used.
    enum Role {
        case login(Login)
        case idle
        case viewer
        case publisher
        /// Sends MQTT's CONNECT and waits for its answer.
        case connecting
        /// A component's stream up to its handshake's answer.
        case attaching(Handshake)
        /// What comes is counted by the link's tally and not kept.
        case counting
    }

    let descriptor: Int32
    let index: Int
    var role: Role
    /// Bytes that came and were not used yet.
    var received: [UInt8] = []
    var jid = ""
    var tally = Tally([], speaksMQTT: false)
    /// Where the delays go that the tally watches.
    var delays: Delays?
    /// Stanzas that were counted.
    var count = 0
    var failure: String?
    /// The end of what was read last: a stream error, when the server closed.
    private(set) var last: [UInt8] = []
    private static let lastBytes = 300
    private(set) var isSecure = false
    private var tls: OpaquePointer?
    private var outbound: [UInt8] = []

    init(descriptor: Int32, index: Int, role: Role) {
        self.descriptor = descriptor
        self.index = index
        self.role = role
    }

    deinit {
        SSL_free(tls)
        close(descriptor)
    }

    var isLoggingIn: Bool {
        switch role {
        case .login, .connecting, .attaching: failure == nil
        case .idle, .viewer, .publisher, .counting: false
        }
    }

    /// Begins TLS; the handshake goes on with what is read and written.
    func secure(with context: OpaquePointer?) {
        tls = SSL_new(context)
        SSL_set_fd(tls, descriptor)
        SSL_set_connect_state(tls)
        isSecure = true
    }

    func send(_ text: String) {
        outbound.append(contentsOf: text.utf8)
    }

    func send(_ bytes: [UInt8]) {
        outbound.append(contentsOf: bytes)
    }

    /// Writes what waits.
    ///
    /// - Returns: Whether something is left.
    func flush() -> Bool {
        guard !outbound.isEmpty else { return false }
        var start = 0
        while start < outbound.count {
            let written = outbound.withUnsafeBytes { bytes -> Int in
                let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
                if let tls { return Int(SSL_write(tls, rest.baseAddress, Int32(rest.count))) }
                return Glibc.send(
                    descriptor,
                    rest.baseAddress,
                    rest.count,
                    Int32(MSG_NOSIGNAL)
                )
            }
            guard written > 0 else { break }
            start += written
        }
        if start == outbound.count {
            outbound.removeAll(keepingCapacity: true)
            return false
        }
        outbound.removeFirst(start)
        return true
    }

    /// Reads everything that is there into `received`.
    func fill(through buffer: UnsafeMutableRawBufferPointer) -> Outcome {
        while true {
            let count: Int
            if let tls {
                count = Int(SSL_read(tls, buffer.baseAddress, Int32(buffer.count)))
                if count <= 0 {
                    let reason = SSL_get_error(tls, Int32(count))
                    let waits = reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE
                    return waits ? .open : .closed
                }
            } else {
                count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
                if count == 0 { return .closed }
                if count < 0 { return errno == EAGAIN ? .open : .closed }
            }
            let came = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            if case .counting = role {
                tally.read(came, into: delays)
                if failure == nil { failure = tally.error }
            } else {
                received.append(contentsOf: came)
            }
            last.removeAll(keepingCapacity: true)
            last.append(contentsOf: came.suffix(Self.lastBytes))
            if tls == nil, count < buffer.count { return .open }
        }
    }

    /// Counts occurrences of `needle` and drops what was searched, but for a possible half.
    func countOccurrences(of needle: StaticString) -> Int {
        var found = 0
        var consumed = 0
        let length = needle.utf8CodeUnitCount
        received.withUnsafeBytes { bytes in
            var start = 0
            while start < bytes.count,
                let hit = memmem(
                    bytes.baseAddress?.advanced(by: start),
                    bytes.count - start,
                    needle.utf8Start,
                    length
                ), let base = bytes.baseAddress
            {
                found += 1
                start = base.distance(to: UnsafeRawPointer(hit)) + length
            }
            consumed = max(start, bytes.count - (length - 1))
        }
        received.removeFirst(min(received.count, max(0, consumed)))
        return found
    }

    /// The text that came, up to and with `end`; nil until that is there.
    func take(through end: String) -> String? {
        let needle = Array(end.utf8)
        let length: Int? = received.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress,
                let hit = memmem(base, bytes.count, needle, needle.count)
            else { return nil }
            return base.distance(to: UnsafeRawPointer(hit)) + needle.count
        }
        guard let length else { return nil }
        let text = String(decoding: received[..<length], as: UTF8.self)
        received.removeFirst(length)
        return text
    }
}
