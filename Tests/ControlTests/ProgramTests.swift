import Foundation
import Modules
import Storage
import Testing
import XMPP

@testable import Control

@Suite struct ProgramTests {
    /// A directory of a test's own, removed with it.
    final class Scratch: Sendable {
        let path = NSTemporaryDirectory() + "lapwingctl-\(UUID().uuidString)"

        init() throws {
            try FileManager.default.createDirectory(
                atPath: path,
                withIntermediateDirectories: true
            )
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    private let scratch: Scratch
    private var directory: String { scratch.path }

    init() throws {
        scratch = try Scratch()
        let text = """
            domain = "example.org"
            data = "data"
            [[listeners]]
            security = "plain"
            [accounts]
            scram_iterations = 4096
            """
        try Data(text.utf8).write(to: URL(fileURLWithPath: configuration))
    }

    private var configuration: String { directory + "/lapwing.toml" }
    private var data: DataDirectory { DataDirectory(directory + "/data") }

    private func run(_ arguments: String...) async -> Int32 {
        await Program.run(arguments + ["--config", configuration])
    }

    private func store() throws -> SQLiteStore {
        try SQLiteStore(path: data.databasePath)
    }

    private let alice = JID(normalizedLocal: "alice", domain: "example.org")

    @Test func registersOnAStoppedServer() async throws {
        #expect(await run("register", "Alice", "example.org", "secret") == 0)
        let record = try #require(try store().account(alice))
        let secrets = record.credentials.sha256
        let again = ScramSecrets.derive(
            password: try Password("secret"),
            salt: secrets.salt,
            iterations: 4096,
            hash: .sha256
        )
        #expect(secrets == again)
        #expect(await run("register", "alice", "example.org", "other") == 1)
        #expect(try store().account(alice) == record)
    }

    @Test func changesThePassword() async throws {
        #expect(await run("register", "alice", "example.org", "secret") == 0)
        let first = try store().account(alice)
        #expect(await run("passwd", "alice", "example.org", "other") == 0)
        #expect(try store().account(alice) != first)
        #expect(await run("passwd", "bob", "example.org", "other") == 1)
    }

    @Test func refusesAHostThatIsNotServed() async throws {
        #expect(await run("register", "alice", "example.net", "secret") == 1)
    }

    @Test func knowsAllDomainsOfAStoppedServer() async throws {
        let url = URL(fileURLWithPath: configuration)
        let one = try String(contentsOf: url, encoding: .utf8)
        try Data((one + "\n[[domains]]\ndomain = \"Example.NET\"\n").utf8).write(to: url)
        #expect(await run("check") == 0)
        #expect(await run("register", "alice", "example.org", "secret") == 0)
        #expect(await run("register", "alice", "example.net", "other") == 0)
        #expect(await run("register", "alice", "example.edu", "secret") == 1)
        #expect(await run("groups", "add", "viewers", "alice@example.net") == 0)
        #expect(await run("users", "example.edu") == 1)
        let other = JID(normalizedLocal: "alice", domain: "example.net")
        let record = try #require(try store().account(alice))
        #expect(try store().account(other) != nil)
        #expect(await run("passwd", "alice", "example.net", "third") == 0)
        #expect(try store().account(alice) == record)
        // What is there of a domain that is served no more can be seen and deleted.
        try Data(one.utf8).write(to: url)
        #expect(await run("users", "example.net") == 0)
        #expect(await run("groups", "add", "hosts", "alice@example.net") == 1)
        #expect(await run("unregister", "alice", "example.net") == 0)
        #expect(await run("users", "example.net") == 1)
        #expect(try store().account(alice) == record)
    }

    @Test func refusesAPasswordThatIsEmpty() async throws {
        #expect(await run("register", "alice", "example.org", "") == 1)
    }

    @Test func putsAccountsIntoGroups() async throws {
        #expect(await run("register", "alice", "example.org", "secret") == 0)
        #expect(await run("groups", "add", "viewers", "alice@example.org") == 0)
        let expected = GroupMembership(group: "viewers", member: alice)
        var seen: [GroupMembership] = []
        try store().loadMemberships { seen.append($0) }
        #expect(seen == [expected])
        #expect(await run("groups", "add", "nobody", "alice@example.org") == 1)
        #expect(await run("groups", "add", "viewers", "bob@example.org") == 1)
        #expect(await run("groups", "remove", "viewers", "alice@example.org") == 0)
        #expect(await run("groups", "remove", "viewers", "alice@example.org") == 1)
        #expect(await run("groups", "list", "--json") == 0)
    }

    // docs/protocol.md §10: it would be the name of a pattern.
    @Test(arguments: ["*", "#"])
    func makesNoHostOfAWildcard(_ name: String) async throws {
        #expect(await run("register", name, "example.org", "secret") == 0)
        #expect(await run("groups", "add", "hosts", "\(name)@example.org") == 1)
        var seen: [GroupMembership] = []
        try store().loadMemberships { seen.append($0) }
        #expect(seen.isEmpty)
        #expect(await run("groups", "add", "viewers", "\(name)@example.org") == 0)
    }

    @Test func anAccountMadeAgainInheritsNothing() async throws {
        #expect(await run("register", "alice", "example.org", "secret") == 0)
        #expect(await run("groups", "add", "viewers", "alice@example.org") == 0)
        do {
            let store = try store()
            try store.apply([
                .roster(.save(owner: alice, RosterItem(alice, to: true))),
                .pubsub(.saveNode(owner: alice, node: "n", configuration: [:])),
            ])
            try store.close()
        }
        #expect(await run("unregister", "alice", "example.org") == 0)
        #expect(await run("unregister", "alice", "example.org") == 1)
        #expect(await run("register", "alice", "example.org", "secret") == 0)
        let store = try store()
        try store.loadMemberships { _ in Issue.record("still a member") }
        #expect(try store.roster(of: alice).isEmpty)
        #expect(try store.nodes(of: alice).isEmpty)
    }

    @Test func saysThatTheServerDoesNotRun() async throws {
        #expect(await run("register", "alice", "example.org", "secret") == 0)
        #expect(await run("status") == 1)
        #expect(await run("hosts") == 1)
    }

    @Test(arguments: [
        ["nonsense"], ["register"], ["users", "--jason"], ["groups", "add", "hosts", "no/jid@"],
        ["check", "--data", "/"], ["cert"],
    ])
    func wrongUseIsTwo(arguments: [String]) async {
        #expect(await Program.run(arguments) == 2)
    }

    @Test func aMissingOrWrongConfigurationIsOne() async throws {
        #expect(await Program.run(["users", "--config", directory + "/none.toml"]) == 1)
        try Data("domain = 1\n".utf8).write(to: URL(fileURLWithPath: configuration))
        #expect(await run("check") == 1)
    }

    @Test func checksTheConfiguration() async {
        #expect(await run("check") == 0)
    }

    @Test func takesOptionsBeforeTheCommand() {
        let order = Program.inUsualOrder
        #expect(order(["--config", "a", "users", "h"]) == ["users", "h", "--config", "a"])
        #expect(order(["--data=d", "users", "--", "-h"]) == ["users", "--data=d", "--", "-h"])
        #expect(order(["--version"]) == ["--version"])
    }

    @Test func writesACertificateOnceUnlessForced() async throws {
        let arguments = ["cert", "example.org", "127.0.0.1", "--directory", directory]
        #expect(await Program.run(arguments) == 0)
        #expect(await Program.run(arguments) == 1)
        #expect(await Program.run(arguments + ["--force"]) == 0)
        var status = stat()
        try #require(stat(directory + "/key.pem", &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
    }
}
