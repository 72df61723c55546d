import Telemetry

/// A source of values: reads its files and adds what it finds to the reading of this tick.
///
/// Reading stands apart from parsing: what a file says is read by a pure function over its bytes,
/// which is what tests call.
protocol Collector {
    /// What it is called in logs.
    static var name: String { get }
    /// Adds its values; what can't be known at this tick is added as unknown, so that a group
    /// always has the same values.
    mutating func collect(at tick: Tick, into reading: inout Reading) throws(CollectorError)
}

/// Why a collector has nothing to tell.
enum CollectorError: Error, Hashable {
    /// The file is not there or can't be read: the kernel is old, or has the feature turned off.
    case unreadable(String, errno: Int32)
    /// The file does not look as it should.
    case malformed(String)
}

/// The collectors, in the order in which they run; a further one is a line here.
func allCollectors(_ files: HostFiles) -> [any Collector] {
    [
        CPUCollector(files),
        LoadCollector(files),
        MemoryCollector(files),
        PagingCollector(files),
        PressureCollector(files),
        DiskCollector(files),
        FilesystemCollector(files),
        NetworkCollector(files),
        SocketCollector(files),
        FileDescriptorCollector(files),
        UptimeCollector(),
        OwnCostCollector(),
        ProcessCollector(files),
    ]
}
