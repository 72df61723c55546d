import Glibc

/// Gives back the pages of program text that only the start needed.
///
/// The kernel maps text in large pieces around each fault: after the start, nearly all of a binary
/// that has the whole Swift runtime in it is resident, and little of it is used again. Such pages
/// are clean and come from files. The kernel would take them under pressure; until then they count
/// as the program's. What is used again is mapped again, from the page cache.
package enum StartupPages {
    /// Bytes read of `/proc/self/maps`: a program has a hundred mappings of a hundred bytes.
    ///
    /// Mappings past that are left as they are.
    private static let mapsBytesMaximum = 256 * 1024

    /// Drops the mapped text of the program and its libraries.
    package static func release() {
        for range in textRanges(maps()) {
            // A mapping that the kernel will not drop stays: nothing is lost.
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
    package static func textRanges(_ maps: [UInt8]) -> [Range<UInt>] {
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

    private static func maps() -> [UInt8] {
        let file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return [] }
        defer { close(file) }
        return [UInt8](unsafeUninitializedCapacity: mapsBytesMaximum) { buffer, filled in
            filled = 0
            while filled < buffer.count {
                let count = read(
                    file,
                    buffer.baseAddress?.advanced(by: filled),
                    buffer.count - filled
                )
                guard count > 0 else { break }
                filled += count
            }
        }
    }
}
