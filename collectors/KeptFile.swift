import Glibc

/// A file under `/proc` or `/sys` that stays open: `pread` from the start makes the kernel write
/// it anew, at a third less than opening it each time.
///
/// Owned by the thread of the tick.
final class KeptFile {
    private let path: String
    private var descriptor: Int32 = -1
    /// Bytes that the last read needed, from which the next buffer follows.
    private var expected = 4096
    /// Reads to leave out before a file that failed is tried again.
    private var pause = 0
    private var failure: Int32 = 0

    init(_ path: String) {
        self.path = path
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// The whole file as it is now.
    func read() throws(CollectorError) -> [UInt8] {
        if pause > 0 {
            pause -= 1
            throw .unreadable(path, errno: failure)
        }
        if descriptor < 0 {
            descriptor = open(path, O_RDONLY | O_CLOEXEC)
            if descriptor < 0 { throw failed() }
        }
        guard let bytes = readFromStart() else { throw failed() }
        return bytes
    }

    /// Closes the file: it is opened again after a pause, since it may come back (a module that is
    /// loaded, a feature that is turned on).
    private func failed() -> CollectorError {
        failure = errno
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
        pause = Self.readsBetweenAttempts
        return .unreadable(path, errno: failure)
    }

    private func readFromStart() -> [UInt8]? {
        var capacity = expected + Self.slack
        while true {
            var failed = false
            let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
                while count < capacity {
                    let room = UnsafeMutableRawBufferPointer(
                        rebasing: UnsafeMutableRawBufferPointer(buffer)[count...]
                    )
                    let read = pread(descriptor, room.baseAddress, room.count, off_t(count))
                    if read < 0 { failed = true }
                    guard read > 0 else { return }
                    count += read
                    // The kernel cuts its answers at records near the end of a page: one that
                    // ended well before that was the whole file.
                    if read < Self.surelyLast { return }
                }
            }
            if failed { return nil }
            if bytes.count < capacity || capacity >= Self.maximumBytes {
                expected = bytes.count
                return bytes
            }
            capacity = min(capacity * 2, Self.maximumBytes)
        }
    }

    /// Bytes of the largest file that is read: `/proc/stat` of a thousand CPUs has 200 KiB.
    private static let maximumBytes = 4 * 1024 * 1024
    /// Bytes that a file may grow by between two reads without a second attempt.
    private static let slack = 512
    private static let surelyLast = 2048
    private static let readsBetweenAttempts = 59
}
