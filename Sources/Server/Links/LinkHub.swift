import Configuration
import Federation
import Logging
import NIOCore
import Platform
import Synchronization
import Transport
import XMPP

/// The links of this process: their listeners, the connections that it makes, and which of them is
/// whose.
final class LinkHub: LinkOwner {
    private let ends: [String: any LinkEnd]
    private let log: Logger
    private let ports = Mutex<[LinkPort]>([])
    private let dialers = Mutex<[LinkDialer]>([])
    private let notices = Mutex(RefusalNotices())

    init(_ ends: [String: any LinkEnd], log: Logger) {
        self.ends = ends
        self.log = log
    }

    func began(_ connection: LinkConnection, with peer: LinkPeer) {
        guard let end = ends[peer.name] else {
            return connection.close(StreamError(.notAuthorized))
        }
        end.began(connection, with: peer)
    }

    func received(_ inputs: [LinkInput], on connection: LinkConnection, from peer: LinkPeer) {
        ends[peer.name]?.received(inputs, on: connection)
    }

    func ended(_ connection: LinkConnection, with peer: LinkPeer?, _ failure: LinkFailure?) {
        if let peer, let end = ends[peer.name] { return end.ended(connection, failure) }
        let why = failure?.description ?? "it went away"
        let address = connection.address
        let notice = notices.withLock { $0.refused(address, at: .now) }
        guard let notice else { return }
        log.notice("\(address) is not taken for a process of this server: \(why)\(notice)")
    }
}

extension LinkHub {
    /// Listens and connects as the configuration says; on `loop`, where the ends live.
    func open(
        _ configuration: ServerConfiguration,
        on loop: any EventLoop,
        credentials: @escaping @Sendable () -> PeerCredentials?
    ) async throws -> [OpenListener] {
        let instance = Random.token()
        func port(_ links: [ServerConfiguration.Link]) throws(Failure) -> LinkPort {
            var secrets: [String: LinkSecret] = [:]
            for link in links {
                guard let secret = LinkSecret(Array(link.secret.utf8)) else {
                    throw Failure(2, "the secret of the link ‘\(link.name)’ is too short")
                }
                secrets[link.name] = secret
            }
            let port = LinkPort(
                LinkConfiguration(
                    name: configuration.processName,
                    instance: instance,
                    isEdge: !configuration.role.hasAccounts,
                    secrets: secrets
                ),
                owner: self,
                on: loop
            )
            ports.withLock { $0.append(port) }
            return port
        }
        var listeners: [OpenListener] = []
        // Several processes may come to one address.
        for (address, links) in configuration.listeningLinks {
            listeners.append(try await listen(at: address, for: links, port(links), credentials))
        }
        for link in configuration.links {
            guard case .connect(let address) = link.way else { continue }
            try connect(link, at: LinkAddress(address), port([link]))
        }
        return listeners
    }

    private func listen(
        at address: ServerConfiguration.Link.Address,
        for links: [ServerConfiguration.Link],
        _ port: LinkPort,
        _ credentials: @escaping @Sendable () -> PeerCredentials?
    ) async throws -> OpenListener {
        var users: Set<UInt32> = []
        for name in links.flatMap(\.users) {
            guard let user = SystemUser.number(of: name) else {
                throw Failure(2, "‘\(name)’ in [[links]] is no user of this system")
            }
            users.insert(user)
        }
        let place = LinkAddress(address)
        do {
            let listener = try await port.listen(at: place, users: users, credentials: credentials)
            log.info("listening for \(links.map(\.name).joined(separator: ", ")) at \(place)")
            return OpenListener(name: "link", address: listener.host, listener: listener)
        } catch {
            throw Failure(1, "\(error)")
        }
    }

    private func connect(
        _ link: ServerConfiguration.Link,
        at address: LinkAddress,
        _ port: LinkPort
    ) throws {
        let log = log
        let name = link.name
        // Once for each cause: it is tried every few seconds.
        let last = Mutex("")
        let dialer = try port.connect(to: name, at: address) { why in
            let isNew = last.withLock { last in
                defer { last = why }
                return last != why
            }
            if isNew { log.warning("link ‘\(name)’: \(why)") }
        }
        dialers.withLock { $0.append(dialer) }
    }

    /// Connects no more.
    func closeDialers() {
        for dialer in dialers.withLock({ $0 }) { dialer.close() }
    }

    /// Ends what connections there are, and returns when they are gone.
    func endAll() async {
        closeDialers()
        // All at once: a process that does not answer is no reason to keep the others waiting.
        await withTaskGroup { group in
            for port in ports.withLock({ $0 }) { group.addTask { await port.endAll() } }
        }
    }
}

extension ServerConfiguration {
    /// Where links are listened for, each with those who come there.
    fileprivate var listeningLinks: [(Link.Address, [Link])] {
        var places: [(address: Link.Address, links: [Link])] = []
        for link in links {
            guard case .listen(let address) = link.way else { continue }
            if let index = places.firstIndex(where: { $0.address == address }) {
                places[index].links.append(link)
            } else {
                places.append((address, [link]))
            }
        }
        return places.map { ($0.address, $0.links) }
    }
}

extension LinkAddress {
    init(_ address: ServerConfiguration.Link.Address) {
        switch address {
        case .socket(let path): self = .socket(path)
        case .port(let host, let port): self = .port(host: host, port)
        }
    }
}
