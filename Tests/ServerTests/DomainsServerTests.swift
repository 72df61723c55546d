import Configuration
import Modules
import Testing
import Transport
import XMPP

@testable import Server

/// Two domains served at once: what their accounts and the operator do.
@Suite struct DomainsServerTests {
    private static let net = "example.net"

    private func reason(_ reply: ControlReply) -> ControlReply.Refusal.Reason? {
        guard case .refused(let refusal) = reply else { return nil }
        return refusal.reason
    }

    private func users(_ server: Server, _ host: String? = nil) async -> [String]? {
        guard case .users(let users) = await server.perform(.users(host: host)) else { return nil }
        return users.map(\.description)
    }

    @Test(arguments: [
        ServerConfiguration.Listener.Security.startTLS, .direct, .plain,
    ])
    func carriesMessagesBetweenDomains(
        _ security: ServerConfiguration.Listener.Security
    ) async throws {
        let running = try await RunningServer.start(furtherDomains: [Self.net])
        try await running.register("romeo", "romeo@example.net")
        let one = try await Visitor(running.configuration(of: "romeo", security: security))
        let two = try await Visitor(
            running.configuration(of: "romeo@example.net", security: security)
        )
        for (from, to) in [(one, "romeo@example.net/test"), (two, "romeo@example.org/test")] {
            let body = Element("body", Namespace.client, text: "to " + to)
            from.client.send(Stanza(.message, type: "chat", to: try JID(to), [body]))
        }
        let atTwo = try await two.stanza { $0.kind == .message }
        #expect(atTwo.from == (try JID("romeo@example.org/test")))
        let atOne = try await one.stanza { $0.kind == .message }
        #expect(atOne.from == (try JID("romeo@example.net/test")))
        await one.leave()
        await two.leave()
        await running.end()
    }

    /// The password of one domain's account is none of the other's.
    @Test func logsInAtTheDomainOfTheAccountOnly() async throws {
        let running = try await RunningServer.start(furtherDomains: [Self.net])
        try await running.register("romeo", "juliet@example.net")
        for account in ["romeo@example.net", "juliet"] {
            var configuration = try running.configuration(of: account)
            configuration.password = account == "juliet" ? "pw-juliet@example.net" : "pw-romeo"
            await #expect(throws: ClientError.self) { try await Visitor(configuration) }
        }
        await running.end()
    }

    /// Every verb of `lapwingctl` on the account of one domain leaves that of the other as it is.
    @Test func operatesOnTheAccountOfTheDomain() async throws {
        let running = try await RunningServer.start(furtherDomains: [Self.net])
        let server = running.server
        try await running.register("romeo", "romeo@example.net")
        let (one, two) = (try RunningServer.jid("romeo"), try JID("romeo@example.net"))
        let credentials = server.directory.credentials(of: one)
        #expect(
            reason(await server.perform(.register(try RunningServer.record("\(two)")))) == .exists
        )
        let changed = try RunningServer.record("\(two)", password: "another")
        #expect(await server.perform(.changePassword(changed)) == .done)
        #expect(server.directory.credentials(of: two) == changed.credentials)
        #expect(server.directory.credentials(of: one) == credentials)
        let membership = GroupMembership(group: "hosts", member: two)
        #expect(await server.perform(.join(membership)) == .done)
        #expect(
            await server.perform(.hosts) == .hosts([HostState(jid: two, isUp: false)])
        )
        let other = GroupMembership(group: "hosts", member: one)
        #expect(reason(await server.perform(.leave(other))) == .missing)
        #expect(await users(server) == ["romeo@example.net", "romeo@example.org"])
        #expect(await users(server, Self.net) == ["romeo@example.net"])
        #expect(await server.perform(.unregister(two)) == .done)
        #expect(await users(server) == ["romeo@example.org"])
        #expect(await server.perform(.hosts) == .hosts([]))
        guard case .status(let status) = await server.perform(.status) else {
            Issue.record("no status")
            return
        }
        #expect(status.domains == ["example.org", "example.net"])
        await running.end()
    }

    @Test(arguments: ["example.edu", "pubsub.example.net", "monitor.example.org"])
    func refusesEveryVerbOnADomainThatIsNotServed(domain: String) async throws {
        let running = try await RunningServer.start(furtherDomains: [Self.net])
        let jid = try JID("romeo@" + domain)
        let record = try RunningServer.record("romeo@" + domain)
        let membership = GroupMembership(group: "hosts", member: jid)
        for request: ControlRequest in [
            .register(record), .unregister(jid), .changePassword(record), .join(membership),
            .users(host: domain),
        ] {
            guard case .refused(let refusal) = await running.server.perform(request) else {
                Issue.record("\(request) was done")
                continue
            }
            #expect(refusal.reason == .invalid)
            #expect(
                refusal.text == "\(domain) is not served here; served: example.org, example.net"
            )
        }
        await running.end()
    }

    /// What is stored of a domain that the configuration does not name any more comes back with it.
    @Test func keepsWhatADomainHasWhileItIsNotServed() async throws {
        let friends = [ServerConfiguration.Group(name: "friends", sees: ["friends"])]
        let first = try await RunningServer.start(furtherDomains: [Self.net], groups: friends)
        try await first.register("juliet@example.net", "romeo@example.net")
        for account in ["juliet@example.net", "romeo@example.net"] {
            let membership = GroupMembership(group: "friends", member: try JID(account))
            #expect(await first.server.perform(.join(membership)) == .done)
        }
        let juliet = try await Visitor(first.configuration(of: "juliet@example.net"))
        try await juliet.publish(Element("tune", "urn:example", text: "x"), on: "kept")
        await juliet.leave()
        await first.server.stop()

        let second = try await RunningServer.start(in: first.directory, groups: friends)
        #expect(await users(second.server) == [])
        #expect(second.server.directory.groups.groups["friends"]?.members.isEmpty == true)
        // The client would try again: a domain may be added while it waits.
        let refusal = try await Visitor.refusal(
            of: second.configuration(of: "juliet@example.net")
        )
        #expect(refusal == .stream(StreamError(.hostUnknown)))
        let content = try StoredAccounts(second.server.store, serving: ["example.org"])
        #expect(
            content.warning
                == "stored but not served, for the configuration does not name the domain: "
                + "example.net (2 accounts)"
        )
        #expect(content.records.isEmpty)
        await second.server.stop()

        let third = try await RunningServer.start(
            in: first.directory,
            furtherDomains: [Self.net],
            groups: friends
        )
        #expect(await users(third.server) == ["juliet@example.net", "romeo@example.net"])
        #expect(third.server.directory.groups.groups["friends"]?.members.count == 2)
        let again = try await Visitor(third.configuration(of: "juliet@example.net"))
        #expect(try await again.items(of: "kept") == ["current"])
        await again.leave()
        await third.end()
    }

    @Test func refusesTheSameDomainTwice() {
        var configuration = ServerConfiguration(domain: "bücher.example", dataDirectory: "d")
        configuration.furtherDomains = [.init(name: "example.net"), .init(name: "Example.NET.")]
        #expect(throws: Failure.self) { try configuration.prepared() }
        configuration.furtherDomains = [.init(name: "Example.NET.")]
        #expect((try? configuration.prepared())?.domains == ["bücher.example", "example.net"])
        configuration.furtherDomains = [.init(name: "a b")]
        #expect(throws: Failure.self) { try configuration.prepared() }
    }
}
