import Glibc

/// Where the files of the host are: every path goes through here, so that tests can point it at
/// fixtures and a container at the host's own `/proc`.
struct HostFiles: Sendable {
    /// The directory under which `proc` and `sys` lie, with a slash at its end.
    let root: String

    init(root: String = "/") {
        self.root = root.hasSuffix("/") ? root : root + "/"
    }

    /// The path of `name`, such as `proc/stat`.
    func path(_ name: String) -> String { root + name }

    /// A file that is read at every tick.
    func kept(_ name: String) -> KeptFile { KeptFile(path(name)) }

    /// Whether there is such a file or directory.
    func exists(_ name: String) -> Bool { access(path(name), F_OK) == 0 }

    /// Reads a file once.
    func contents(_ name: String) throws(CollectorError) -> [UInt8] {
        try kept(name).read()
    }

    /// The names in a directory; empty when it can't be read.
    func entries(_ name: String) -> [String] {
        guard let directory = opendir(path(name)) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
