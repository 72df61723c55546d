import Glibc

/// Gives back the program text that only the start needed.
///
/// The kernel maps text in large pieces around each fault: after the start, nearly all of it is
/// resident, a third of it in use. What is dropped here is read-only and comes back from the page
/// cache when it is needed again.
enum StartupMemory {
    /// Drops the mapped text of the program and its libraries.
    static func release() {
        guard let maps = try? KeptFile("/proc/self/maps").read() else { return }
        for range in textRanges(maps) {
            madvise(
                UnsafeMutableRawPointer(bitPattern: range.lowerBound),
                range.count,
                MADV_DONTNEED
            )
        }
    }

    /// The address ranges of private, executable, never writable mappings of files.
    ///
    /// Nothing else will do: where relocations were written, dropping a page would lose them.
    static func textRanges(_ maps: [UInt8]) -> [Range<UInt>] {
        var ranges: [Range<UInt>] = []
        for line in maps.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: " "))
            guard fields.count >= 6, fields[1].elementsEqual("r-xp".utf8),
                fields[5].first == UInt8(ascii: "/")
            else { continue }
            let bounds = fields[0].split(separator: UInt8(ascii: "-")).compactMap {
                UInt(String(decoding: $0, as: UTF8.self), radix: 16)
            }
            if bounds.count == 2, bounds[0] < bounds[1] { ranges.append(bounds[0]..<bounds[1]) }
        }
        return ranges
    }
}
