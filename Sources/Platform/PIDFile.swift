import Glibc

/// A file with the number of a process, for those who look after it.
package struct PIDFile: Sendable {
    private let path: String

    /// Why there is none, as one line with the file's name.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Writes the number of this process; the file appears whole, in place of any older one.
    package init(_ path: String) throws(Failure) {
        self.path = path
        let draft = path + ".new"
        let file = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw Self.failure(path) }
        let text = Array("\(getpid())\n".utf8)
        let written = write(file, text, text.count)
        guard close(file) == 0, written == text.count, rename(draft, path) == 0 else {
            throw Self.failure(path)
        }
    }

    private static func failure(_ path: String) -> Failure {
        Failure(description: "\(path): \(String(cString: strerror(errno)))")
    }

    /// Removes the file.
    package func remove() {
        unlink(path)
    }
}
