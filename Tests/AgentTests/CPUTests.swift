import Telemetry
import Testing

@testable import Agent

struct CPUTests {
    @Test func firstReadingHasNoShares() throws {
        let host = try FixtureHost()
        var cpu = CPUCollector(host.files)
        let reading = try host.collect(&cpu)
        #expect(reading[.cpu, "used"] == nil)
        #expect(reading.instances(.cpu) == ["cpu0", "cpu1"])
        #expect(reading[.process, "running"] == 3)
        #expect(reading[.process, "blocked"] == 1)
    }

    @Test func sharesTellGuestsFromUser() throws {
        let host = try FixtureHost()
        var cpu = CPUCollector(host.files)
        _ = try host.collect(&cpu)
        // 200 ticks more: 40 user of which 20 guest, 20 nice of which 5 guest, 30 system,
        // 100 idle, 10 iowait.
        try host.replace(
            "proc/stat",
            "cpu  1000 100 500 8000 200 10 20 30 40 5",
            "cpu  1040 120 530 8100 210 10 20 30 60 10"
        )
        try host.replace("proc/stat", "ctxt 272284", "ctxt 272784")
        let reading = try host.collect(&cpu)
        #expect(reading[.cpu, "used"] == 45)
        #expect(reading[.cpu, "user"] == 10)
        #expect(reading[.cpu, "nice"] == 7.5)
        #expect(reading[.cpu, "system"] == 15)
        #expect(reading[.cpu, "iowait"] == 5)
        #expect(reading[.cpu, "guest"] == 12.5)
        #expect(reading[.cpu, "switches"] == 500)
    }

    @Test func iowaitMayFallBackALittle() throws {
        var before = CPUTimes()
        before.iowait = 100
        var now = before
        now.iowait = 90
        now.idle = 50
        #expect(now.shares(since: before)?.iowait == 0)
        #expect(now.shares(since: before)?.used == 0)
    }

    @Test func aCounterThatWentBackGivesNothingForOneTick() throws {
        let host = try FixtureHost()
        var cpu = CPUCollector(host.files)
        _ = try host.collect(&cpu)
        try host.replace("proc/stat", "cpu  1000 100", "cpu  10 10")
        try host.replace("proc/stat", "ctxt 272284", "ctxt 5")
        #expect(try host.collect(&cpu)[.cpu, "used"] == nil)
        try host.replace("proc/stat", "cpu  10 10", "cpu  20 10")
        try host.replace("proc/stat", "ctxt 5", "ctxt 15")
        let reading = try host.collect(&cpu)
        #expect(reading[.cpu, "used"] == 100)
        #expect(reading[.cpu, "switches"] == 10)
    }

    @Test func anUnknownIntervalGivesNoShares() throws {
        let host = try FixtureHost()
        var cpu = CPUCollector(host.files)
        _ = try host.collect(&cpu)
        try host.replace("proc/stat", "cpu  1000", "cpu  1100")
        #expect(try host.collect(&cpu, elapsed: nil)[.cpu, "used"] == nil)
    }

    @Test func aProcessorThatIsPluggedInIsKnownFromItsSecondTick() throws {
        let host = try FixtureHost()
        var cpu = CPUCollector(host.files)
        _ = try host.collect(&cpu)
        try host.replace("proc/stat", "intr ", "cpu7 0 0 0 10 0 0 0 0 0 0\nintr ")
        let first = try host.collect(&cpu)
        #expect(first.instances(.cpu) == ["cpu0", "cpu1", "cpu7"])
        #expect(first[.cpu, "cpu7", "used"] == nil)
        try host.replace("proc/stat", "cpu7 0 0 0 10", "cpu7 10 0 0 20")
        #expect(try host.collect(&cpu)[.cpu, "cpu7", "used"] == 50)
    }

    @Test func readsTheShortLinesOfOldKernels() throws {
        let host = try FixtureHost("old")
        let stat = try #require(ProcStat.parse(try host.files.contents("proc/stat")))
        #expect(stat.total.idle == 8000)
        #expect(stat.total.steal == 0)
        #expect(stat.running == nil)
        #expect(stat.interrupts == nil)
    }

    @Test(arguments: ["", "cpu", "intr 5\n", "\u{0}"])
    func refusesWhatIsNoStat(text: String) {
        #expect(ProcStat.parse(Array(text.utf8)) == nil)
    }

    @Test func missingFilesAreAnErrorAndNoValue() throws {
        let host = try FixtureHost("bare")
        var cpu = CPUCollector(host.files)
        #expect(throws: CollectorError.self) { try host.collect(&cpu) }
    }
}
