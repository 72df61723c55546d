import Arguments
import Configuration
import Testing
import Transport
import XMPP

@testable import Agent

struct SettingsTests {
    private func settings(
        _ file: String,
        _ arguments: [String] = [],
        environment: String? = nil
    ) throws -> AgentSettings {
        var draft = try SettingsDraft(try ConfigurationFile.parse(file, name: "agent.toml"))
        try draft.apply(try AgentCommand.command.parse(arguments))
        return try draft.finished(environment: environment) { _ in "from file" }
    }

    @Test func readsAFile() throws {
        let settings = try settings(
            """
            jid = "web1@example.org"
            password = "secret"
            host = "127.0.0.1"
            port = 25222
            security = "direct"
            fingerprint = "ab12"
            interval = "2s"
            access = "roster"
            """
        )
        #expect(settings.jid.local == "web1")
        #expect(settings.password == "secret")
        #expect(settings.port == 25222)
        #expect(settings.security == .direct)
        #expect(settings.verification == .fingerprint("ab12"))
        #expect(settings.interval == .seconds(2))
        #expect(settings.access == .roster)
    }

    @Test func optionsWinOverTheFile() throws {
        let settings = try settings(
            "jid = \"a@b\"\npassword = \"x\"\nport = 1",
            ["--jid", "c@d", "-p", "2", "--password-file", "p", "--interval", "0.5"]
        )
        #expect(settings.jid.description == "c@d")
        #expect(settings.port == 2)
        #expect(settings.password == "from file")
        #expect(settings.interval == .milliseconds(500))
    }

    @Test func thePasswordMayComeFromTheEnvironment() throws {
        #expect(try settings("jid = \"a@b\"", environment: "e").password == "e")
    }

    @Test func theSampleIsReadAsItStands() throws {
        var path = String(#filePath.dropLast("Tests/AgentTests/SettingsTests.swift".count))
        path += "deploy/agent.toml"
        let draft = try SettingsDraft(try ConfigurationFile.read(path))
        let settings = try draft.finished(environment: nil) { "in " + $0 }
        #expect(settings.jid.description == "web1@example.org")
        #expect(settings.password == "in /etc/lapwing/agent.password")
    }

    @Test func anUnknownKeyIsShownWithItsPlace() {
        #expect {
            try settings("jid = \"a@b\"\npasword = \"x\"")
        } throws: { error in
            (error as? ConfigurationError)?.description.hasPrefix("agent.toml:2:1:") ?? false
        }
    }

    @Test(arguments: [
        ("", "no account is given"),
        ("jid = \"a@b\"", "no password"),
        ("jid = \"b\"\npassword = \"x\"", "‘b’ is not an account"),
        ("jid = \"@\"\npassword = \"x\"", "agent.toml:1:"),
        (
            "jid = \"a@b\"\npassword = \"x\"\nfingerprint = \"a\"\nca = \"f\"",
            "either a fingerprint or authorities"
        ),
        ("jid = 5", "agent.toml:1:"),
        ("jid = \"a@b\"\npassword = \"x\"\nport = 0", "agent.toml:3:"),
    ])
    func refusesWhatCanNotWork(file: String, complaint: String) {
        #expect {
            try settings(file)
        } throws: { error in
            let problem = (error as? AgentSettings.Problem)?.message
            let line = problem ?? (error as? ConfigurationError)?.description ?? ""
            return line.contains(complaint)
        }
    }
}
