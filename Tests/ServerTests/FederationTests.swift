import Configuration
import Foundation
import Glibc
import Testing
import Transport
import XMPP

@testable import Server

/// Two servers in this process that find each other by records.
private struct Neighbours {
    let one: RunningServer
    let two: RunningServer

    static func start(
        security: ServerConfiguration.Listener.Security = .startTLS,
        configure: (inout ServerConfiguration.Federation) -> Void = { _ in }
    ) async throws -> Neighbours {
        let ports = [try freePort(), try freePort()]
        let kind = security == .direct ? "_xmpps-server" : "_xmpp-server"
        let records = zip(["one.test", "two.test"], ports).flatMap { domain, port in
            [
                "\(kind)._tcp.\(domain). 60 IN SRV 0 5 \(port) host.\(domain).",
                "host.\(domain). 60 IN A 127.0.0.1",
            ]
        }
        var federation = ServerConfiguration.Federation()
        configure(&federation)
        func start(_ domain: String, _ port: Int) async throws -> RunningServer {
            federation.listeners[0].address = "127.0.0.1"
            federation.listeners[0].port = port
            federation.listeners[0].security = security
            return try await RunningServer.start(
                domain,
                configure: { configuration in
                    configuration.federation = federation
                    configuration.names.servers = []
                    configuration.names.records = records
                }
            )
        }
        let one = try await start("one.test", ports[0])
        return Neighbours(one: one, two: try await start("two.test", ports[1]))
    }

    /// A port that was free a moment ago.
    private static func freePort() throws -> Int {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(socket, pointer, size) == 0 ? getsockname(socket, pointer, &size) : -1
            }
        }
        guard result == 0 else { throw POSIXError(.EADDRINUSE) }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    func end() async {
        await one.end()
        await two.end()
    }
}

@Suite("Two servers")
struct FederationTests {
    private func talk(_ neighbours: Neighbours) async throws {
        try await neighbours.one.register("alice@one.test")
        try await neighbours.two.register("bob@two.test")
        let alice = try await Visitor(neighbours.one.configuration(of: "alice@one.test"))
        let bob = try await Visitor(neighbours.two.configuration(of: "bob@two.test"))
        for index in 0..<20 {
            let body = Element("body", Namespace.client, text: "\(index)")
            alice.client.send(
                Stanza(.message, type: "chat", to: try JID("bob@two.test/test"), [body])
            )
        }
        for index in 0..<20 {
            let got = try await bob.stanza { $0.kind == .message }
            #expect(got.payload("body", Namespace.client)?.text == "\(index)")
            #expect(got.from == (try JID("alice@one.test/test")))
        }
        let ping = Stanza(
            .iq,
            type: "get",
            to: try JID("one.test"),
            [Element("ping", Namespace.ping)]
        )
        #expect(try await bob.client.request(ping).type == "result")
        await alice.leave()
        await bob.leave()
    }

    /// What a stanza carries stays as it was sent; its language is its own, and else its sender's.
    @Test(arguments: [nil, "it"])
    func passPayloads(_ language: String?) async throws {
        let neighbours = try await Neighbours.start()
        try await neighbours.one.register("alice@one.test")
        try await neighbours.two.register("bob@two.test")
        let alice = try await Visitor(neighbours.one.configuration(of: "alice@one.test"))
        let bob = try await Visitor(neighbours.two.configuration(of: "bob@two.test"))
        let inside = Element("message", Namespace.client, [Element("x", Namespace.server)])
        let raw = RawElement(name: "x", namespace: "urn:x", bytes: Array("<x xmlns='urn:x'/>".utf8))
        let item = Element("item", Namespace.pubsubEvent, children: [.raw(raw)])
        let payloads = [
            Element("forwarded", "urn:xmpp:forward:0", [inside]),
            Element("event", Namespace.pubsubEvent, [item]),
        ]
        for kind in [Stanza.Kind.message, .iq] {
            var stanza = Stanza(
                kind,
                type: kind == .iq ? "result" : "chat",
                id: "1",
                to: try JID("bob@two.test/test"),
                payloads
            )
            stanza.language = language
            alice.client.send(stanza)
            let got = try await bob.stanza { $0.kind == kind && $0.id == "1" }
            #expect(got.children.first == .element(payloads[0]))
            guard
                case .raw(let came)? = got.payload("event", Namespace.pubsubEvent)?
                    .child("item")?.children.first
            else {
                Issue.record("no payload: \(got)")
                continue
            }
            #expect(came.bytes == raw.bytes)
            #expect(came.language == got.language)
            // Alice's header says English; of an iq that is left out.
            #expect(got.language == language ?? (kind == .iq ? nil : "en"))
        }
        await alice.leave()
        await bob.leave()
        await neighbours.end()
    }

    @Test func talkByDialback() async throws {
        let neighbours = try await Neighbours.start()
        try await talk(neighbours)
        await neighbours.end()
    }

    @Test func talkByDirectTLS() async throws {
        let neighbours = try await Neighbours.start(security: .direct)
        try await talk(neighbours)
        await neighbours.end()
    }
}
