import Configuration
import Foundation
import Logging
import Modules
import Platform
import Storage
import Transport
import XMPP

@testable import Server

/// A server in this process, on free ports of the loopback, with a directory of its own.
final class RunningServer {
    let server: Server
    let directory: String
    let fingerprint: String
    static let iterations = 4_096

    private init(
        _ server: Server,
        _ directory: String,
        _ fingerprint: String
    ) {
        self.server = server
        self.directory = directory
        self.fingerprint = fingerprint
    }

    static func start(
        _ domain: String = "example.org",
        in directory: String? = nil,
        furtherDomains: [String] = [],
        groups: [ServerConfiguration.Group] = ServerConfiguration.Group.usual,
        history: ServerConfiguration.History = .init(),
        openStore: ((String) throws -> any Store)? = nil,
        configure: (inout ServerConfiguration) -> Void = { _ in }
    ) async throws -> RunningServer {
        let directory =
            directory
            ?? NSTemporaryDirectory() + "lapwing-" + UUID().uuidString.prefix(8).lowercased()
        try FileManager.default.createDirectory(
            atPath: directory,
            withIntermediateDirectories: true
        )
        let certificate = try SelfSignedCertificate.make(
            names: [domain],
            days: 2,
            start: Instant.now + .seconds(-60)
        )
        let files = (directory + "/certificate.pem", directory + "/key.pem")
        try Data(certificate.certificate).write(to: URL(fileURLWithPath: files.0))
        try Data(certificate.key).write(to: URL(fileURLWithPath: files.1))
        var configuration = ServerConfiguration(
            domain: domain,
            dataDirectory: directory + "/data"
        )
        configuration.tls = .init(certificateFile: files.0, keyFile: files.1)
        configuration.listeners = [
            .init(address: "127.0.0.1", port: 0, security: .startTLS),
            .init(address: "127.0.0.1", port: 0, security: .direct),
            .init(address: "127.0.0.1", port: 0, security: .plain),
        ]
        configuration.history = history
        configuration.groups = groups
        configuration.furtherDomains = furtherDomains.map { .init(name: $0) }
        configure(&configuration)
        var log = Logger(label: "test")
        log.logLevel = .critical
        let server = try await Server.start(
            configuration,
            log: log,
            openStore: openStore ?? { try SQLiteStore(path: $0) }
        )
        return RunningServer(server, directory, certificate.fingerprint.description)
    }

    func register(_ accounts: String...) async throws {
        for account in accounts {
            let record = try Self.record(account)
            guard await server.perform(.register(record)) == .done else {
                throw StanzaError(.internalServerError)
            }
        }
    }

    /// An account, of `example.org` where it names no domain; its password is `pw-` and its name.
    static func record(_ account: String, password: String? = nil) throws -> AccountRecord {
        let credentials = ScramCredentials.derive(
            password: try Password(password ?? "pw-" + account),
            iterations: iterations
        )
        return AccountRecord(try jid(account), credentials)
    }

    static func jid(_ account: String, resource: String? = nil) throws -> JID {
        let bare = account.contains("@") ? account : account + "@example.org"
        return try JID(bare + (resource.map { "/" + $0 } ?? ""))
    }

    func configuration(
        of account: String,
        resource: String = "test",
        security: ServerConfiguration.Listener.Security = .startTLS
    ) throws -> ClientConfiguration {
        ClientConfiguration(
            jid: try Self.jid(account, resource: resource),
            password: "pw-" + account,
            host: "127.0.0.1",
            port: server.port(security),
            security: security == .direct ? .direct : security == .plain ? .plain : .startTLS,
            verification: .fingerprint(fingerprint)
        )
    }

    /// Ends the server and removes its directory.
    func end() async {
        await server.stop()
        try? FileManager.default.removeItem(atPath: directory)
    }
}

/// A client for a test: waits for what should come, with a generous deadline.
final class Visitor: Sendable {
    static let patience = Duration.seconds(60)

    let client: Client
    private let running: Task<Void, Never>

    private init(running configuration: ClientConfiguration) {
        let client = Client(configuration)
        self.client = client
        // Ends with the client, which `leave` closes.
        running = Task { await client.run() }
    }

    /// Connects; returns once the session is there.
    convenience init(_ configuration: ClientConfiguration) async throws {
        self.init(running: configuration)
        _ = try await next { event -> Bool? in
            if case .online = event { true } else { nil }
        }
    }

    /// Why the first attempt to connect failed; there is no other.
    static func refusal(of configuration: ClientConfiguration) async throws -> ClientError {
        let visitor = Visitor(running: configuration)
        let reason = try await visitor.next { event -> ClientError? in
            if case .offline(let reason, .some) = event { reason } else { nil }
        }
        await visitor.leave()
        return reason
    }

    /// The first event that `choose` takes; others are dropped.
    func next<Chosen: Sendable>(
        _ choose: @escaping @Sendable (ClientEvent) -> Chosen?
    ) async throws -> Chosen {
        try await withThrowingTaskGroup(of: Chosen.self) { group in
            let events = client.events
            group.addTask {
                for await event in events {
                    if let chosen = choose(event) { return chosen }
                    if case .offline(let reason, nil) = event { throw reason }
                }
                throw ClientError.closed
            }
            group.addTask {
                try await ContinuousClock().sleep(for: Self.patience)
                throw ClientError.timeout("an event of the test")
            }
            defer { group.cancelAll() }
            guard let chosen = try await group.next() else { throw ClientError.closed }
            return chosen
        }
    }

    /// The first stanza that `isWanted`.
    func stanza(_ isWanted: @escaping @Sendable (Stanza) -> Bool) async throws -> Stanza {
        try await next { event in
            if case .stanza(let stanza) = event, isWanted(stanza) { stanza } else { nil }
        }
    }

    /// A request to publish one item.
    static func publication(of payload: Element, id: String, on node: String) -> Element {
        let item = Element(
            "item",
            Namespace.pubsub,
            attributes: [.init("id", id)],
            [payload]
        )
        let publish = Element(
            "publish",
            Namespace.pubsub,
            attributes: [.init("node", node)],
            [item]
        )
        return Element("pubsub", Namespace.pubsub, [publish])
    }

    /// Publishes one item and returns the answer.
    @discardableResult
    func publish(_ payload: Element, id: String = "current", on node: String) async throws -> Stanza
    {
        try await client.request(
            Stanza(.iq, type: "set", [Self.publication(of: payload, id: id, on: node)])
        )
    }

    /// The ids of the node's items.
    func items(of node: String) async throws -> [String] {
        let items = Element("items", Namespace.pubsub, attributes: [.init("node", node)])
        let answer = try await client.request(
            Stanza(.iq, type: "get", [Element("pubsub", Namespace.pubsub, [items])])
        )
        return answer.payload?.child("items")?.elements.compactMap { $0["id"] } ?? []
    }

    func leave() async {
        await client.close()
        await running.value
    }
}
