import Glibc

/// A TOML file being read: it remembers which keys were asked for, so that an unknown one can be
/// pointed at.
///
/// Read what you know through ``root``, then call ``finish()``.
package final class ConfigurationFile {
    /// A configuration is written by hand; a larger file is something else.
    package static let maximumBytes = 256 * 1024
    /// Bounds the depth that dotted keys can make in one line, on which toml++ recurses.
    package static let maximumLineBytes = 4096

    package let name: String
    let nodes: [ConfigurationNode]
    private var asked: Set<Int> = [0]
    private var known: [Int: [String]] = [:]

    private init(name: String, nodes: [ConfigurationNode]) {
        self.name = name
        self.nodes = nodes
    }

    /// The table that the file is.
    package var root: ConfigurationTable { ConfigurationTable(file: self, index: 0) }

    /// Reads and parses the file at `path`.
    package static func read(_ path: String) throws(ConfigurationError) -> ConfigurationFile {
        let bytes = try contents(of: path)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ConfigurationError(file: path, "the file is not UTF-8 text")
        }
        return try parse(text, name: path)
    }

    /// Parses `text`; `name` is what errors call it.
    package static func parse(
        _ text: String,
        name: String
    ) throws(ConfigurationError) -> ConfigurationFile {
        try checkLines(text, name: name)
        return ConfigurationFile(name: name, nodes: try parseTOML(text, name: name))
    }

    /// Reports the first key that nobody asked for.
    package func finish() throws(ConfigurationError) {
        let unknown = nodes.indices
            .filter { index in
                index != 0 && !nodes[index].key.isEmpty && !asked.contains(index)
                    && asked.contains(nodes[index].parent)
            }
            .min { position(ofKey: $0) < position(ofKey: $1) }
        guard let unknown else { return }
        let node = nodes[unknown]
        throw ConfigurationError(
            file: name,
            position: node.keyPosition,
            "unknown key \"\(node.key)\"\(advice(for: node))"
        )
    }

    /// The child of that name, noted as asked for whether it is there or not.
    func child(_ key: String, of parent: Int) -> Int? {
        if known[parent]?.contains(key) != true { known[parent, default: []].append(key) }
        let index = nodes[parent].children.first { nodes[$0].key == key }
        if let index { asked.insert(index) }
        return index
    }

    /// The elements of an array, noted as asked for.
    func elements(of array: Int) -> [Int] {
        asked.formUnion(nodes[array].children)
        return nodes[array].children
    }

    private func position(ofKey index: Int) -> ConfigurationError.Position {
        nodes[index].keyPosition ?? ConfigurationError.Position(line: 0, column: 0)
    }

    private func advice(for node: ConfigurationNode) -> String {
        let names = known[node.parent] ?? []
        if let near = Spelling.nearest(to: node.key, among: names) {
            return "; did you mean \"\(near)\"?"
        }
        if names.isEmpty { return "" }
        return "; known here: " + names.sorted().joined(separator: ", ")
    }
}

extension ConfigurationFile {
    private static func contents(of path: String) throws(ConfigurationError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable(path) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = chunk.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(path) }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            if bytes.count > maximumBytes {
                throw ConfigurationError(
                    file: path,
                    "the file is larger than \(maximumBytes / 1024) KiB"
                )
            }
        }
    }

    private static func unreadable(_ path: String) -> ConfigurationError {
        ConfigurationError(file: path, "cannot be read: \(String(cString: strerror(errno)))")
    }

    private static func checkLines(_ text: String, name: String) throws(ConfigurationError) {
        if text.utf8.count > maximumBytes {
            throw ConfigurationError(
                file: name,
                "the file is larger than \(maximumBytes / 1024) KiB"
            )
        }
        var line = 1
        var length = 0
        for byte in text.utf8 {
            length = byte == UInt8(ascii: "\n") ? 0 : length + 1
            if byte == UInt8(ascii: "\n") { line += 1 }
            if length > maximumLineBytes {
                throw ConfigurationError(
                    file: name,
                    position: .init(line: line, column: length),
                    "the line is longer than \(maximumLineBytes) bytes; break it in parts"
                )
            }
        }
    }
}
