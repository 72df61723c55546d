import CLinux
import COpenSSL
import Glibc

/// Many links on one epoll instance, driven by the program's one thread.
final class Loop {
    struct Server {
        var host: String
        var port: Int
        var domain: String
        /// plain, starttls or tls.
        var security: String
        var speaksMQTT = false
    }

    let server: Server
    let cache = Scram.Cache()
    private(set) var links: [Link] = []
    private var byDescriptor: [Link?] = []
    private var writing: Set<Int32> = []
    private let epoll: Int32
    private let context: OpaquePointer?
    private let buffer = UnsafeMutableRawBufferPointer.allocate(
        byteCount: 256 * 1024,
        alignment: 16
    )
    /// Whether white space is sent on every stream before the server asks who is silent.
    var keepsAlive = false
    private var keptAlive = now()
    private static let silence = 8_000_000
    /// What is done with a link after something came for it.
    var onInput: (Link) -> Void = { _ in }

    init(_ server: Server) throws(LoadError) {
        self.server = server
        epoll = epoll_create1(0)
        context = SSL_CTX_new(TLS_client_method())
        SSL_CTX_set_alpn_protos(context, [11] + Array("xmpp-client".utf8), 12)
        guard epoll >= 0, context != nil else { throw LoadError("no epoll or no TLS") }
    }

    deinit {
        SSL_CTX_free(context)
        close(epoll)
        buffer.deallocate()
    }

    /// Connects and begins the log-in, at the loop's server or another.
    func logIn(
        _ account: Login.Account,
        at other: Server? = nil
    ) throws(LoadError) -> Link {
        let server = other ?? server
        let descriptor = try connect(to: server.port, of: server)
        let login = Login(
            account: account,
            domain: server.domain,
            startsTLS: server.security == "starttls"
        )
        let role: Link.Role = server.speaksMQTT ? .connecting : .login(login)
        let link = Link(descriptor: descriptor, index: links.count, role: role)
        link.tally = Tally([], speaksMQTT: server.speaksMQTT)
        if server.security == "tls" { link.secure(with: context) }
        add(link)
        if server.speaksMQTT {
            link.jid = "\(account.user)/\(account.resource)"
            link.send(MQTT.connect(client: link.jid))
        }
        advance(link)
        flush(link)
        return link
    }

    /// Connects a component without TLS, and waits until it is attached.
    func attach(_ handshake: Handshake, port: Int) throws(LoadError) -> Link {
        let descriptor = try connect(to: port, of: server)
        let link = Link(
            descriptor: descriptor,
            index: links.count,
            role: .attaching(handshake)
        )
        add(link)
        link.send(handshake.header)
        flush(link)
        let deadline = now() + 10_000_000
        while link.isLoggingIn {
            guard now() < deadline else { throw LoadError("the handshake takes too long") }
            turn(milliseconds: 100)
        }
        if let failure = link.failure { throw LoadError(failure) }
        return link
    }

    private func add(_ link: Link) {
        links.append(link)
        while byDescriptor.count <= Int(link.descriptor) { byDescriptor.append(nil) }
        byDescriptor[Int(link.descriptor)] = link
        var event = epoll_event(
            events: EPOLLIN.rawValue,
            data: epoll_data_t(fd: link.descriptor)
        )
        epoll_ctl(epoll, EPOLL_CTL_ADD, link.descriptor, &event)
    }

    /// Logs all in, `window` at a time.
    func logIn(
        _ accounts: [Login.Account],
        window: Int,
        at other: Server? = nil
    ) throws(LoadError) {
        var waiting = accounts[...]
        let first = links.count
        let deadline = now() + 300_000_000
        while true {
            let busy = links.dropFirst(first).count { $0.isLoggingIn }
            let next = waiting.prefix(max(0, window - busy))
            for account in next { _ = try logIn(account, at: other) }
            waiting = waiting.dropFirst(next.count)
            if waiting.isEmpty, !links.dropFirst(first).contains(where: \.isLoggingIn) { return }
            guard now() < deadline else { throw LoadError("the log-ins take too long") }
            turn(milliseconds: 100)
            if let failure = links.compactMap(\.failure).first { throw LoadError(failure) }
        }
    }

    /// Waits for input once and handles all there is.
    func turn(milliseconds: Int32) {
        let maximum = 512
        let events = [epoll_event](unsafeUninitializedCapacity: maximum) { events, count in
            count = max(0, Int(epoll_wait(epoll, events.baseAddress, Int32(maximum), milliseconds)))
        }
        for event in events {
            guard let link = byDescriptor[Int(event.data.fd)] else { continue }
            if event.events & EPOLLIN.rawValue != 0 || event.events & EPOLLHUP.rawValue != 0 {
                let outcome = link.fill(through: buffer)
                if link.isLoggingIn { advance(link) } else { onInput(link) }
                if outcome == .closed { drop(link) }
            }
            flush(link)
        }
        keepAlive()
    }

    private func keepAlive() {
        guard keepsAlive, !server.speaksMQTT, now() - keptAlive > Self.silence else { return }
        keptAlive = now()
        for link in links where !link.isLoggingIn && link.failure == nil {
            link.send(" ")
            flush(link)
        }
    }

    /// Writes what a link has to send, and waits for room when not all of it went.
    func flush(_ link: Link) {
        guard byDescriptor[Int(link.descriptor)] === link else { return }
        let waits = link.flush()
        guard waits != writing.contains(link.descriptor) else { return }
        var interest = EPOLLIN.rawValue
        if waits {
            interest |= EPOLLOUT.rawValue
            writing.insert(link.descriptor)
        } else {
            writing.remove(link.descriptor)
        }
        var event = epoll_event(events: interest, data: epoll_data_t(fd: link.descriptor))
        epoll_ctl(epoll, EPOLL_CTL_MOD, link.descriptor, &event)
    }

    private func drop(_ link: Link) {
        if link.failure == nil {
            let last = String(decoding: link.last, as: UTF8.self)
            link.failure = "the server closed connection \(link.index): \(last)"
        }
        var nothing = epoll_event()
        epoll_ctl(epoll, EPOLL_CTL_DEL, link.descriptor, &nothing)
        byDescriptor[Int(link.descriptor)] = nil
    }

    private func advance(_ link: Link) {
        if case .connecting = link.role {
            guard link.received.count >= 4 else { return }
            link.failure = link.received[3] == 0 ? nil : "the broker refuses connection"
            link.received.removeAll()
            link.role = .idle
        }
        if case .attaching(var handshake) = link.role {
            if let text = handshake.advance(link) { link.send(text) }
            link.role = handshake.isDone ? .idle : .attaching(handshake)
        }
        while case .login(var login) = link.role {
            let action = login.advance(link, cache: cache)
            link.role = .login(login)
            switch action {
            case .send(let text): link.send(text)
            case .beginTLS:
                link.secure(with: context)
                link.send(login.header)
            case .wait: return
            case .finished:
                link.jid = login.jid
                link.role = .idle
            case .failed(let text):
                link.failure = text
                return
            }
        }
    }

    private func connect(to port: Int, of server: Server) throws(LoadError) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        inet_pton(AF_INET, server.host, &address.sin_addr)
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else {
            throw LoadError("connect: \(String(cString: strerror(errno)))")
        }
        var yes: Int32 = 1
        setsockopt(
            descriptor,
            Int32(IPPROTO_TCP),
            TCP_NODELAY,
            &yes,
            socklen_t(MemoryLayout<Int32>.size)
        )
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        return descriptor
    }
}
