import Glibc

/// A file that holds a password in its first line.
package struct PasswordFile {
    /// The password.
    package let password: String
    /// What the user should know, as one line: that others may read the file.
    package let warning: String?

    /// Why there is no password, as one line with the file's name.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Reads the first line of a file, or of a pipe.
    package init(_ path: String) throws(Failure) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            throw Failure(description: "\(path): \(String(cString: strerror(errno)))")
        }
        defer { close(file) }
        var status = stat()
        let isOpenToAll =
            fstat(file, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
            && status.st_mode & 0o007 != 0
        warning =
            isOpenToAll
            ? "everybody may read \(path): chmod o= would keep the password secret" : nil
        let line = Self.firstLine(of: file)
        guard line.count <= Self.passwordBytesMaximum else {
            throw Failure(description: "\(path): the first line is no password")
        }
        guard let password = String(validating: line, as: UTF8.self), !password.isEmpty else {
            throw Failure(description: "\(path): there is no password in the first line")
        }
        self.password = password
    }

    /// Reads byte by byte: a pipe may bring the line in pieces, and more behind it.
    private static func firstLine(of file: Int32) -> [UInt8] {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while line.count <= passwordBytesMaximum, read(file, &byte, 1) == 1,
            byte != UInt8(ascii: "\n")
        {
            line.append(byte)
        }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        return line
    }

    /// Bytes of a password: RFC 7622 bounds by 1023 what SASL prepares.
    private static let passwordBytesMaximum = 1023
}
