import Telemetry
import Testing

@testable import Agent

struct DeviceTests {
    @Test func wholeDisksOnlyAndNoneTwice() throws {
        let host = try FixtureHost()
        var disk = DiskCollector(host.files)
        let reading = try host.collect(&disk)
        #expect(reading.instances(.disk) == ["sda", "nvme0n1", "cciss/c0d0", "dm-0"])
    }

    @Test func diskRatesInBytesOfTheKernelsSectors() throws {
        let host = try FixtureHost()
        var disk = DiskCollector(host.files)
        _ = try host.collect(&disk)
        try host.replace(
            "proc/diskstats",
            "sda 1000 10 80000 500 2000 20 160000 1500 0 900 2000",
            "sda 1010 10 80016 540 2010 20 160032 1560 0 1150 2500"
        )
        let reading = try host.collect(&disk)
        #expect(reading[.disk, "sda", "read"] == 8192)
        #expect(reading[.disk, "sda", "written"] == 16384)
        #expect(reading[.disk, "sda", "reads"] == 10)
        #expect(reading[.disk, "sda", "writes"] == 10)
        #expect(reading[.disk, "sda", "busy"] == 25)
        #expect(reading[.disk, "sda", "queue"] == 0.5)
        #expect(reading[.disk, "sda", "wait"] == 5)
        #expect(reading[.disk, "nvme0n1", "wait"] == 0)
    }

    @Test func aDiskThatIsPluggedInAndOutAndInAgain() throws {
        let host = try FixtureHost()
        var disk = DiskCollector(host.files)
        _ = try host.collect(&disk)
        try host.replace("proc/diskstats", "sdb 0 0 0 0", "sdb 7 0 56 1")
        #expect(try host.collect(&disk)[.disk, "sdb", "reads"] == nil)
        #expect(try host.collect(&disk)[.disk, "sdb", "reads"] == 0)
        try host.replace("proc/diskstats", "  8      16 sdb", "  8      16 sdz")
        #expect(try !host.collect(&disk).instances(.disk).contains("sdb"))
        try host.replace("proc/diskstats", "  8      16 sdz", "  8      16 sdb")
        #expect(try host.collect(&disk)[.disk, "sdb", "reads"] == nil)
    }

    @Test func withoutSysPartitionsAreKnownByTheirNames() throws {
        let host = try FixtureHost("old")
        var disk = DiskCollector(host.files)
        #expect(try host.collect(&disk).instances(.disk) == ["sda", "hda"])
    }

    @Test(arguments: [
        ("sda", false), ("sda1", true), ("nvme0n1", false), ("nvme0n1p2", true),
        ("mmcblk0", false), ("mmcblk0p1", true), ("xvdb2", true), ("md0", false),
    ])
    func tellsPartitionsByName(name: String, isPartition: Bool) {
        var disk = DiskCounters.parse(Array("8 0 \(name) 1 1 1 1 1 1 1 1 1 1 1\n".utf8))
        #expect(disk.popLast()?.looksLikePartition == isPartition)
    }

    @Test func interfacesWithTheirState() throws {
        let host = try FixtureHost()
        var network = NetworkCollector(host.files)
        let first = try host.collect(&network)
        #expect(first.instances(.network) == ["lo", "eth0", "wlan0"])
        #expect(first[.network, "lo", "up"] == 1)
        #expect(first[.network, "eth0", "up"] == 1)
        #expect(first[.network, "wlan0", "up"] == 0)
        try host.replace("proc/net/dev", "18528756     526", "18529756     536")
        try host.replace("proc/net/dev", "28165     315    3    4", "28665     317    4    6")
        let second = try host.collect(&network)
        #expect(second[.network, "eth0", "rx"] == 1000)
        #expect(second[.network, "eth0", "tx"] == 500)
        #expect(second[.network, "eth0", "rx-packets"] == 10)
        #expect(second[.network, "eth0", "tx-packets"] == 2)
        #expect(second[.network, "eth0", "rx-errors"] == 0)
        #expect(second[.network, "eth0", "tx-errors"] == 1)
        #expect(second[.network, "eth0", "tx-drops"] == 2)
    }

    @Test func aCounterOf32BitsThatWrapsGivesNothingForOneTick() throws {
        let host = try FixtureHost("old")
        var network = NetworkCollector(host.files)
        _ = try host.collect(&network)
        try host.replace("proc/net/dev", "4294967290", "10")
        let wrapped = try host.collect(&network)
        #expect(wrapped[.network, "eth0", "rx"] == nil)
        #expect(wrapped[.network, "eth0", "tx"] == 0)
        try host.replace("proc/net/dev", "eth0:10", "eth0:30")
        #expect(try host.collect(&network)[.network, "eth0", "rx"] == 20)
    }

    @Test func anInterfaceThatComesLate() throws {
        let host = try FixtureHost()
        var network = NetworkCollector(host.files)
        _ = try host.collect(&network)
        try host.replace("proc/net/dev", "wlan0:1000", "usb0:1000")
        let reading = try host.collect(&network)
        #expect(reading.instances(.network) == ["lo", "eth0", "usb0"])
        #expect(reading[.network, "usb0", "rx"] == nil)
        #expect(reading[.network, "usb0", "up"] == nil)
    }
}
