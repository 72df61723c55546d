import Glibc

/// The directory in which a server keeps its files: private to one user, used by one program at a
/// time.
package struct DataDirectory: Sendable {
    package let path: String

    package init(_ path: String) {
        self.path = path
    }

    package var databasePath: String { path + "/lapwing.sqlite" }
    package var lockPath: String { path + "/lapwing.lock" }

    /// Makes the directory with mode 0700 where it is missing; the one above must be there.
    package func create() throws(DataDirectoryError) {
        if mkdir(path, 0o700) != 0 && errno != EEXIST { throw .system("make", path, errno) }
        var status = stat()
        guard stat(path, &status) == 0 else { throw .system("look at", path, errno) }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw .notADirectory(path) }
    }

    /// Takes the directory for this process until the lock is gone.
    package func lock() throws(DataDirectoryError) -> DataDirectoryLock {
        let descriptor = try open(lockPath)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            defer { Glibc.close(descriptor) }
            if reason == EWOULDBLOCK { throw .held(by: holder(descriptor), path) }
            throw .system("lock", lockPath, reason)
        }
        let text = Array("\(getpid())\n".utf8)
        // The number only serves messages: the lock itself is what counts.
        _ = ftruncate(descriptor, 0)
        _ = pwrite(descriptor, text, text.count, 0)
        return DataDirectoryLock(descriptor)
    }

    /// Makes a file with mode 0600 that belongs to the directory's owner, also when root makes it,
    /// and leaves one that is there as it is.
    package func prepare(file: String) throws(DataDirectoryError) {
        Glibc.close(try open(file))
    }

    private func open(_ file: String) throws(DataDirectoryError) -> CInt {
        let flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW
        var descriptor = Glibc.open(file, flags | O_CREAT | O_EXCL, 0o600)
        if descriptor >= 0 {
            try giveToOwner(descriptor, file)
        } else if errno == EEXIST {
            descriptor = Glibc.open(file, flags)
        }
        guard descriptor >= 0 else { throw .system("open", file, errno) }
        return descriptor
    }

    private func giveToOwner(_ descriptor: CInt, _ file: String) throws(DataDirectoryError) {
        var status = stat()
        guard geteuid() == 0, stat(path, &status) == 0, status.st_uid != 0 else { return }
        guard fchown(descriptor, status.st_uid, status.st_gid) == 0 else {
            let reason = errno
            Glibc.close(descriptor)
            throw .system("change the owner of", file, reason)
        }
    }

    private func holder(_ descriptor: CInt) -> Int? {
        var bytes = [UInt8](repeating: 0, count: 20)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        let text = String(decoding: bytes[..<count], as: UTF8.self)
        return Int(text.prefix { $0.isNumber })
    }
}

/// Holds a data directory; gone, others may take it.
package final class DataDirectoryLock: Sendable {
    private let descriptor: CInt

    init(_ descriptor: CInt) {
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }
}

/// Why a data directory can't be used, in one line.
package enum DataDirectoryError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Another process has it; its number, if it is known.
    case held(by: Int?, String)
    case notADirectory(String)
    /// A system call: what was tried, on which path, and errno.
    case system(String, String, CInt)

    package var description: String {
        switch self {
        case .held(let holder, let path):
            "\(path): in use by \(holder.map { "process \($0)" } ?? "another process")"
        case .notADirectory(let path): "\(path): is not a directory"
        case .system(let action, let path, let code):
            "\(path): cannot \(action) it: \(String(cString: strerror(code)))"
        }
    }
}
