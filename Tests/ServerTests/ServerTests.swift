import Configuration
import Foundation
import Modules
import Storage
import Synchronization
import Testing
import Transport
import XMPP

@testable import Server

@Suite struct ServerTests {
    private let tune = Element("tune", "http://jabber.org/protocol/tune", text: "x")

    @Test(arguments: [
        ServerConfiguration.Listener.Security.startTLS, .direct, .plain,
    ])
    func carriesAMessageBetweenAccounts(
        _ security: ServerConfiguration.Listener.Security
    ) async throws {
        let running = try await RunningServer.start()
        try await running.register("romeo", "juliet")
        let romeo = try await Visitor(running.configuration(of: "romeo", security: security))
        let juliet = try await Visitor(running.configuration(of: "juliet", security: security))
        let message = Stanza(
            .message,
            type: "chat",
            id: "m1",
            to: try JID("juliet@example.org/test"),
            [Element("body", Namespace.client, text: "Art thou not Romeo?")]
        )
        romeo.client.send(message)
        let got = try await juliet.stanza { $0.kind == .message }
        #expect(got.payload("body", Namespace.client)?.text == "Art thou not Romeo?")
        #expect(got.from == (try JID("romeo@example.org/test")))
        await romeo.leave()
        await juliet.leave()
        await running.end()
    }

    @Test func refusesAWrongPassword() async throws {
        let running = try await RunningServer.start()
        try await running.register("romeo")
        var configuration = try running.configuration(of: "romeo")
        configuration.password = "wrong"
        await #expect(throws: ClientError.self) { try await Visitor(configuration) }
        await running.end()
    }

    @Test func keepsADurableItemThroughARestart() async throws {
        let running = try await RunningServer.start()
        try await running.register("romeo")
        let romeo = try await Visitor(running.configuration(of: "romeo"))
        try await romeo.publish(tune, on: "urn:lapwing:1#meta")
        await romeo.leave()
        await running.server.stop()
        let again = try await RunningServer.start(in: running.directory)
        let later = try await Visitor(again.configuration(of: "romeo"))
        #expect(try await later.items(of: "urn:lapwing:1#meta") == ["current"])
        await later.leave()
        await again.end()
    }

    /// What the store refuses is answered with an error, and memory goes back to what the disk
    /// says.
    @Test func takesBackWhatTheStoreRefused() async throws {
        let isFull = Mutex(false)
        let holder = Holder(isFull)
        let running = try await RunningServer.start { _ in
            MemoryStore { changes in
                guard holder.isFull, changes.contains(where: { $0.isPubSub }) else { return nil }
                return StoreError(.full, "the disk is full")
            }
        }
        try await running.register("romeo")
        let romeo = try await Visitor(running.configuration(of: "romeo"))
        try await romeo.publish(tune, id: "1", on: "kept")
        holder.isFull = true
        let error = await #expect(throws: StanzaError.self) {
            try await romeo.publish(tune, id: "2", on: "kept")
        }
        #expect(error?.condition == .internalServerError)
        #expect(error?.kind == .wait)
        holder.isFull = false
        try await romeo.publish(tune, id: "3", on: "other")
        #expect(try await romeo.items(of: "kept") == ["1"])
        await romeo.leave()
        await running.end()
    }

    @Test func forgetsEverythingOfARemovedAccount() async throws {
        let running = try await RunningServer.start()
        try await running.register("romeo")
        let romeo = try await Visitor(running.configuration(of: "romeo"))
        try await romeo.publish(tune, on: "secret")
        let jid = try JID("romeo@example.org")
        #expect(await running.server.perform(.unregister(jid)) == .done)
        await romeo.leave()
        try await running.register("romeo")
        let another = try await Visitor(running.configuration(of: "romeo"))
        let error = await #expect(throws: StanzaError.self) {
            try await another.items(of: "secret")
        }
        #expect(error?.condition == .itemNotFound)
        await another.leave()
        await running.end()
    }

    @Test func endsAnOlderSessionOfTheSameResource() async throws {
        let running = try await RunningServer.start()
        try await running.register("romeo")
        let first = try await Visitor(running.configuration(of: "romeo"))
        let second = try await Visitor(running.configuration(of: "romeo"))
        let reason = try await first.next { event -> ClientError? in
            if case .offline(let reason, nil) = event { reason } else { nil }
        }
        guard case .stream(let error) = reason else {
            Issue.record("ended by \(reason)")
            return
        }
        #expect(error.condition == .conflict)
        await first.leave()
        await second.leave()
        await running.end()
    }

    /// A refusal waits for the answers before it, which wait for the store.
    @Test func answersInTheOrderOfTheRequests() async throws {
        let running = try await RunningServer.start()
        try await running.register("romeo")
        let romeo = try await Visitor(running.configuration(of: "romeo"))
        let wanted = (0..<40).map(String.init)
        for id in wanted {
            let kept = Visitor.publication(of: tune, id: "current", on: "kept-" + id)
            let unknown = Element("unknown", "urn:example:unknown")
            let payload = (Int(id) ?? 0).isMultiple(of: 2) ? kept : unknown
            #expect(romeo.client.send(Stanza(.iq, type: "set", id: id, [payload])))
        }
        var answered: [String] = []
        while answered.count < wanted.count {
            let answer = try await romeo.stanza { $0.kind == .iq && !$0.isRequest }
            answered.append(answer.id ?? "")
        }
        #expect(answered == wanted)
        await romeo.leave()
        await running.end()
    }

    @Test func documentsWhatItSpeaks() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(
            contentsOf: root.appendingPathComponent("docs/specifications.md"),
            encoding: .utf8
        )
        #expect(text == SpecificationTable.markdown + "\n")
    }
}

/// A switch that a store's fault can read.
private final class Holder: Sendable {
    private let flag: Mutex<Bool>

    init(_ flag: consuming Mutex<Bool>) {
        self.flag = flag
    }

    var isFull: Bool {
        get { flag.withLock { $0 } }
        set { flag.withLock { $0 = newValue } }
    }
}

extension StoreChange {
    fileprivate var isPubSub: Bool {
        if case .pubsub = self { true } else { false }
    }
}
