import Glibc

/// The file of a Unix socket.
package enum SocketFile {
    /// Removes what a process that is gone has left; only a socket is removed.
    package static func removeStale(_ path: String) throws(SocketFileError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw SocketFileError(description: "\(path): is there and is not a socket")
        }
        if unlink(path) != 0 { throw SocketFileError("remove", path) }
    }
}

/// Why there is no socket, in one line.
package struct SocketFileError: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) {
        self.description = description
    }

    /// A system call that failed just now.
    package init(_ action: String, _ path: String) {
        description = "\(path): cannot \(action) it: \(String(cString: strerror(errno)))"
    }
}
