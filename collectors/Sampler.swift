import Telemetry

/// Runs the collectors once a tick and says once what each of them could not do.
struct Sampler {
    private var collectors: [any Collector]
    private var clock = TickClock()
    private var complained: Set<String> = []

    init(_ collectors: [any Collector]) {
        self.collectors = collectors
    }

    /// One reading of all collectors; `summary` is still missing.
    mutating func sample(_ clocks: ClockReading) -> (tick: Tick, reading: Reading) {
        let tick = clock.tick(clocks)
        var reading = Reading(at: tick.at)
        for index in collectors.indices {
            do throws(CollectorError) {
                try collectors[index].collect(at: tick, into: &reading)
            } catch {
                complain(type(of: collectors[index]).name, error)
            }
        }
        return (tick, reading)
    }

    private mutating func complain(_ name: String, _ error: CollectorError) {
        guard complained.insert(name).inserted else { return }
        switch error {
        case .unreadable(let path, let code):
            Log.warning("\(name): cannot read \(path): \(Log.text(errno: code))")
        case .malformed(let path):
            Log.warning("\(name): cannot make sense of \(path)")
        }
    }
}
