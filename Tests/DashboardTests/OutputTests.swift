import Dashboard
import Foundation
import Telemetry
import Testing
import XMPP

@Suite struct OutputTests {
    @Test func escapesWhatJSONAndTerminalsWouldMisread() throws {
        let text = "a\"b\\c\n\r\t\u{0}\u{1B}[2J\u{7F}\u{9B}é日"
        var writer = JSONWriter()
        writer.array { $0.string(text) }
        #expect(
            writer.text
                == #"["a\"b\\c\n\r\t\u0000\u001b[2J\u007f\u009bé日"]"#
        )
        let read = try JSONSerialization.jsonObject(with: Data(writer.bytes)) as? [String]
        #expect(read == [text])
    }

    @Test func writesNumbersThatJSONHas() {
        var writer = JSONWriter()
        writer.array { writer in
            for number in [1, 0.5, .nan, .infinity, -3] as [Double] { writer.number(number) }
            writer.number(nil)
            writer.boolean(true)
            writer.object { _ in }
        }
        #expect(writer.text == "[1,0.5,null,null,-3,null,true,{}]")
    }

    @Test func writesAllHostsAsJSON() throws {
        let picture = Fixture.threeHosts().picture
        let object = try JSONSerialization.jsonObject(with: Data(picture.json.utf8))
        let root = try #require(object as? [String: Any])
        #expect(root["level"] as? String == "critical")
        let hosts = try #require(root["hosts"] as? [[String: Any]])
        #expect(hosts.compactMap { $0["host"] as? String } == ["db1", "mail", "web1"])
        let values = try #require(hosts[0]["values"] as? [String: Any])
        #expect(values["cpu"] as? Double == 97)
        #expect(hosts[1]["state"] as? String == "down")
        #expect((hosts[0]["alerts"] as? [Any])?.count == 1)
    }

    @Test func writesAChangeALine() throws {
        let model = Fixture.threeHosts()
        let message = Fixture.report(
            Fixture.host("web1"),
            .summary,
            .sample(Fixture.summary(cpu: 12.3))
        )
        let line = try #require(model.picture.jsonLine(for: message))
        #expect(!line.contains("\n"))
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
        let root = try #require(object as? [String: Any])
        #expect(root["kind"] as? String == "sample")
        #expect(root["host"] as? String == "web1")
        let plain = try #require(model.picture.plainLine(for: message))
        #expect(plain.hasSuffix("web1 ok cpu 12% memory 43% load 0.42 disk 81% rx 1.2M tx 300K"))
    }

    @Test func writesATableWhereThereIsNoScreen() {
        let lines = Fixture.threeHosts().picture.plainText.split(separator: "\n")
        #expect(lines[0].hasPrefix("LEVEL"))
        #expect(lines[1].hasPrefix("critical  mail  down"))
        #expect(lines[2].hasPrefix("warning   db1   up"))
        #expect(lines.last == "warning: db1: cpu-high is bad (for now)")
    }

    @Test func tellsTheWorstByItsExitCode() {
        var model = Fixture.model()
        #expect(Outcome(model.picture) == .unknown)
        let web = Fixture.host("web1")
        _ = model.update(.presence(web, .available))
        _ = model.update(Fixture.report(web, .summary, .sample(Fixture.summary(cpu: 1))))
        #expect(Outcome(model.picture) == .ok)
        let warning = Fixture.summary(cpu: 1, level: .warning, seq: 2)
        _ = model.update(Fixture.report(web, .summary, .sample(warning)))
        #expect(Outcome(model.picture) == .warning)
        _ = model.update(.presence(web, .unavailable))
        #expect(Outcome(model.picture) == .critical)
    }

    @Test func looksOnceUntilEveryHostHasToldItsValues() {
        var model = Fixture.model()
        let web = Fixture.host("web1")
        var look = SingleLook(at: Fixture.start)
        #expect(look.isComplete(model.picture, hasRoster: true) == false)
        _ = model.update(.presence(web, .available))
        _ = model.update(.tick(Fixture.after(5)))
        #expect(look.isComplete(model.picture, hasRoster: true) == false)
        _ = model.update(.tick(Fixture.after(6)))
        #expect(look.isComplete(model.picture, hasRoster: true) == false)
        _ = model.update(Fixture.report(web, .summary, .sample(Fixture.summary(cpu: 1))))
        #expect(look.isComplete(model.picture, hasRoster: true) == false)
        _ = model.update(.tick(Fixture.after(6.6)))
        #expect(look.isComplete(model.picture, hasRoster: false) == false)
        #expect(look.isComplete(model.picture, hasRoster: true) == true)
    }
}
