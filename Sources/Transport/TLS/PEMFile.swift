import Glibc

/// Reads the small files that certificates and keys come in.
enum PEMFile {
    /// A chain of a dozen certificates is some 30 KiB; what is larger is another kind of file.
    static let longestBytes = 1024 * 1024

    /// The file's bytes.
    static func read(_ path: String) throws(TLSError) -> [UInt8] {
        guard let file = fopen(path, "re") else { throw unreadable(path, errno) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        while bytes.count <= longestBytes {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 {
                guard ferror(file) == 0 else { throw unreadable(path, errno) }
                return bytes
            }
            bytes.append(contentsOf: chunk[..<count])
        }
        throw .unreadable(path: path, reason: "it is larger than 1 MiB")
    }

    private static func unreadable(_ path: String, _ code: Int32) -> TLSError {
        .unreadable(path: path, reason: strerror(code).map { String(cString: $0) } ?? "\(code)")
    }
}
