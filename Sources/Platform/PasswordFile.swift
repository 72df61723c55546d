import Glibc

/// A file that holds a password in its first line.
enum PasswordFile {
    /// Reads the password, and warns when others may read it too.
    static func read(_ path: String) throws(AgentSettings.Problem) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw .init(message: "cannot read \(path): \(Log.text(errno: errno))")
        }
        defer { close(descriptor) }
        var status = stat()
        if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            status.st_mode & 0o007 != 0
        {
            Log.warning("everybody may read \(path): chmod o= would keep the password secret")
        }
        let bytes = [UInt8](unsafeUninitializedCapacity: mostBytes) { buffer, count in
            count = max(0, Glibc.read(descriptor, buffer.baseAddress, buffer.count))
        }
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        guard let password = String(validating: line, as: UTF8.self), !password.isEmpty else {
            throw .init(message: "\(path): there is no password in the first line")
        }
        return password
    }

    /// Bytes of a password's line: RFC 7622 bounds what SASL prepares by 1023.
    private static let mostBytes = 1024
}
