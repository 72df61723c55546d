import Telemetry
import Testing

@testable import Agent

struct CollectorTests {
    @Test func loadAndThreads() throws {
        let host = try FixtureHost()
        var load = LoadCollector(host.files)
        let reading = try host.collect(&load)
        #expect(reading[.cpu, "load1"] == 0.2)
        #expect(reading[.cpu, "load15"] == 1.02)
        #expect(reading[.process, "threads"] == 95)
        let old = try #require(LoadAverages.parse(Array("0.20 0.05 0.02\n".utf8)))
        #expect(old.threads == nil)
        #expect(LoadAverages.parse(Array("x".utf8)) == nil)
    }

    @Test func memoryInBytesAndShares() throws {
        let host = try FixtureHost()
        var memory = MemoryCollector(host.files)
        let reading = try host.collect(&memory)
        #expect(reading[.memory, "used"] == 60)
        #expect(reading[.memory, "total"] == 1_024_000_000)
        #expect(reading[.memory, "swap-used"] == 25)
        #expect(reading[.memory, "dirty"] == 131_072)
    }

    @Test func oldKernelsDoNotTellWhatIsAvailable() throws {
        let host = try FixtureHost("old")
        let memory = try #require(MemoryInfo.parse(try host.files.contents("proc/meminfo")))
        #expect(memory.available == 550_000 * 1024)
        #expect(memory.swapUsedShare == 0)
        #expect(MemoryInfo.parse([]) == nil)
    }

    @Test func hugeNumbersStayAtTheLargest() throws {
        let text = "MemTotal: 99999999999999999999999 kB\nMemAvailable: 1 kB\n"
        #expect(MemoryInfo.parse(Array(text.utf8))?.total == .max)
    }

    @Test func pagingRatesAndKills() throws {
        let host = try FixtureHost()
        var paging = PagingCollector(host.files)
        #expect(try host.collect(&paging)[.memory, "swap-in"] == nil)
        try host.replace("proc/vmstat", "pswpin 10", "pswpin 25")
        try host.replace("proc/vmstat", "pgmajfault 2106", "pgmajfault 2110")
        let reading = try host.collect(&paging, elapsed: 2)
        #expect(reading[.memory, "swap-in"] == 7.5)
        #expect(reading[.memory, "major-faults"] == 2)
        #expect(reading[.memory, "oom-kills"] == 2)
        let old = try FixtureHost.fixture("old", "proc/vmstat", PagingCounters.parse)
        #expect(old.oomKills == nil)
    }

    @Test func pressureOfEachResource() throws {
        let host = try FixtureHost()
        var pressure = PressureCollector(host.files)
        let first = try host.collect(&pressure)
        #expect(first.instances(.pressure) == ["cpu", "io", "memory"])
        #expect(first[.pressure, "io", "some"] == 1.73)
        #expect(first[.pressure, "io", "some-now"] == nil)
        try host.replace("proc/pressure/memory", "total=1000", "total=251000")
        let second = try host.collect(&pressure)
        #expect(second[.pressure, "memory", "some-now"] == 25)
        #expect(second[.pressure, "memory", "full-now"] == 0)
    }

    @Test func withoutPressureFilesThereAreNoInstances() throws {
        let host = try FixtureHost("old")
        var pressure = PressureCollector(host.files)
        #expect(try host.collect(&pressure).groups.isEmpty)
    }

    @Test func beforeLinux513TheProcessorHasNoFullLine() throws {
        let host = try FixtureHost()
        try host.write("proc/pressure/cpu", "some avg10=2.00 avg60=0.43 avg300=0.29 total=1\n")
        var pressure = PressureCollector(host.files)
        let reading = try host.collect(&pressure)
        #expect(reading[.pressure, "cpu", "some"] == 2)
        #expect(reading[.pressure, "cpu", "full"] == nil)
    }

    @Test func socketsAndTheirTroubles() throws {
        let host = try FixtureHost()
        var sockets = SocketCollector(host.files)
        let first = try host.collect(&sockets)
        #expect(first[.network, "sockets"] == 16)
        #expect(first[.network, "tcp"] == 7)
        #expect(first[.network, "tcp-orphans"] == 2)
        #expect(first[.network, "tcp-waiting"] == 3)
        #expect(first[.network, "udp"] == 5)
        try host.replace("proc/net/snmp", " 313 40 ", " 313 45 ")
        try host.replace("proc/net/snmp", "Udp: 21 0 8 22 9", "Udp: 21 0 9 22 12")
        try host.replace("proc/net/netstat", "0 4 6", "0 4 8")
        let second = try host.collect(&sockets)
        #expect(second[.network, "retransmits"] == 5)
        #expect(second[.network, "udp-errors"] == 1)
        #expect(second[.network, "udp-overflows"] == 3)
        #expect(second[.network, "listen-drops"] == 2)
    }

    @Test func socketsWithoutFilesAreUnknown() throws {
        let host = try FixtureHost("bare")
        var sockets = SocketCollector(host.files)
        #expect(try host.collect(&sockets)[.network].values.allSatisfy { $0.number == nil })
    }

    @Test func openFiles() throws {
        let host = try FixtureHost()
        var files = FileDescriptorCollector(host.files)
        let reading = try host.collect(&files)
        #expect(reading[.process, "files"] == 593)
        #expect(reading[.process, "files-limit"] == 2_466_177)
        #expect(OpenFiles.parse(Array("100 40 900".utf8)) == OpenFiles(open: 60, limit: 900))
        #expect(OpenFiles.parse(Array("100".utf8)) == nil)
    }

    @Test func bootAndUptime() throws {
        let host = try FixtureHost()
        #expect(Boot.identifier(host.files) == "4f5c3b1a-1111-2222-3333-444455556666")
        let bare = try FixtureHost("bare")
        #expect(Boot.identifier(bare.files) == "")
        var uptime = UptimeCollector()
        #expect(try host.collect(&uptime)[.summary, "uptime"] == 1001)
    }

    @Test func ownMemoryInPages() {
        #expect(OwnCostCollector.residentPages(Array("7000 1234 800 1 0 2 0\n".utf8)) == 1234)
        #expect(OwnCostCollector.residentPages([]) == nil)
    }

    @Test func aProcessNameMayHoldParenthesesAndSpaces() throws {
        let line =
            "42 (a) b (c) S 1 42 42 0 -1 4194560 100 0 0 0 30 12 0 0 20 0 1 0 5555 1000 77 18446\n"
        let stat = try #require(ProcessStat.parse(Array(line.utf8)))
        #expect(
            stat
                == ProcessStat(
                    name: "a) b (c",
                    processorTicks: 42,
                    started: 5555,
                    residentPages: 77
                )
        )
        #expect(ProcessStat.parse(Array("42 (x) S 1".utf8)) == nil)
        #expect(ProcessStat.parse(Array(")(".utf8)) == nil)
    }

    @Test func topProcessesAreTheBusiestThenTheLargest() {
        let usages = (0..<20).map {
            ProcessUsage(id: $0, name: "p", cpu: $0 < 3 ? Double($0) : 0, pages: UInt64($0))
        }
        #expect(ProcessUsage.top(usages).map(\.id) == [2, 1, 19, 18, 17, 16, 15])
    }
}
