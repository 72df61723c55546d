import Telemetry

/// How many files are open on the host, of how many that may be.
struct FileDescriptorCollector: Collector {
    static let name = "files"

    private let file: KeptFile

    init(_ files: HostFiles) {
        file = files.kept("proc/sys/fs/file-nr")
    }

    mutating func collect(at tick: Tick, into reading: inout Reading) throws(CollectorError) {
        guard let counts = OpenFiles.parse(try file.read()) else {
            throw .malformed("proc/sys/fs/file-nr")
        }
        reading.add(.process, "files", Double(counts.open))
        reading.add(.process, "files-limit", Double(counts.limit))
    }
}

/// What `/proc/sys/fs/file-nr` says.
struct OpenFiles: Hashable {
    var open: UInt64
    var limit: UInt64

    /// The second number, allocated but free, is zero since 2.6; before, those were not in use.
    static func parse(_ bytes: [UInt8]) -> OpenFiles? {
        var scanner = ByteScanner(bytes)
        guard let allocated = scanner.unsigned(), let free = scanner.unsigned(),
            let limit = scanner.unsigned()
        else { return nil }
        return OpenFiles(open: allocated.subtracting(free), limit: limit)
    }
}
