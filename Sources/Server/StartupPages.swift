import Glibc

/// Gives back the pages of the program's code that only the start needed.
///
/// Reading the configuration, migrating the database and the first cast of every kind walk through
/// most of a binary that has the whole Swift runtime in it: some 18 MiB of code that is clean,
/// comes from a file, and is hardly used again. The kernel would take it under pressure; until then
/// it counts as the server's. What is used again is mapped again, from the page cache.
enum StartupPages {
    /// A line of `/proc/self/maps`: addresses, rights, and a path at most.
    private static let lineBytesMaximum = 8_192

    static func release() {
        guard let program = realpath("/proc/self/exe", nil) else { return }
        defer { free(program) }
        let path = String(cString: program)
        guard let file = fopen("/proc/self/maps", "r") else { return }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: lineBytesMaximum)
        while fgets(&line, Int32(line.count), file) != nil {
            let bytes = line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            release(String(decoding: bytes, as: UTF8.self), of: path)
        }
    }

    /// Drops a mapping of the program's code.
    ///
    /// Only of code: read-only data was written once by the linker, and would come back without
    /// its relocations.
    private static func release(_ line: String, of path: String) {
        let fields = line.split(whereSeparator: \.isWhitespace)
        guard fields.count >= 6, fields[5...].joined(separator: " ") == path,
            fields[1].hasPrefix("r-x")
        else { return }
        let ends = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
        guard ends.count == 2, ends[1] > ends[0],
            let start = UnsafeMutableRawPointer(bitPattern: ends[0])
        else { return }
        // A mapping that the kernel will not drop stays: nothing is lost.
        _ = madvise(start, Int(ends[1] - ends[0]), MADV_DONTNEED)
    }
}
