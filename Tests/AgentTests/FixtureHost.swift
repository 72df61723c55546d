import Foundation
import Telemetry
import Testing
import XMPP

@testable import Agent

/// A copy of the fixtures that a test may change, and the collectors that read it.
final class FixtureHost {
    let files: HostFiles
    private let directory: URL
    private var seconds = 0

    init(_ name: String = "host") throws {
        let fixtures = try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil))
        directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("lapwing-\(UUID().uuidString)")
        try FileManager.default.copyItem(at: fixtures.appendingPathComponent(name), to: directory)
        files = HostFiles(root: directory.path)
    }

    deinit {
        try? FileManager.default.removeItem(at: directory)
    }

    /// What a parser makes of one fixture.
    static func fixture<Parsed>(
        _ host: String,
        _ name: String,
        _ parse: ([UInt8]) -> Parsed
    ) throws -> Parsed {
        let host = try FixtureHost(host)
        return try withExtendedLifetime(host) { parse(try host.files.contents(name)) }
    }

    /// Replaces what a file says, keeping the file itself, as the kernel does.
    func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: directory.appendingPathComponent(name))
    }

    /// Replaces a piece of what a file says.
    func replace(_ name: String, _ old: String, _ new: String) throws {
        let text = try String(contentsOf: directory.appendingPathComponent(name), encoding: .utf8)
        try #require(text.contains(old))
        try write(name, text.replacingOccurrences(of: old, with: new))
    }

    func remove(_ name: String) throws {
        try FileManager.default.removeItem(at: directory.appendingPathComponent(name))
    }

    /// What a collector tells a second after the last time.
    func collect(
        _ collector: inout some Collector,
        elapsed: Double? = 1
    ) throws -> Reading {
        seconds += 1
        let at = Instant(milliseconds: Int64(seconds) * 1000)
        var reading = Reading(at: at)
        let tick = Tick(
            at: at,
            uptime: .seconds(seconds),
            boottime: .seconds(1000 + seconds),
            elapsed: elapsed
        )
        try collector.collect(at: tick, into: &reading)
        return reading
    }
}

extension Reading {
    subscript(_ node: MonitoringNode, _ instance: String, _ name: String) -> Double? {
        self[node].instances.first { $0.name == instance }?[name]
    }

    func instances(_ node: MonitoringNode) -> [String] {
        self[node].instances.map(\.name)
    }
}
