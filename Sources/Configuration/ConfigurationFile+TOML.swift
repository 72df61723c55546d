import CTOML

extension ConfigurationFile {
    /// Copies what toml++ read into nodes of our own.
    static func parseTOML(
        _ text: String,
        name: String
    ) throws(ConfigurationError) -> [ConfigurationNode] {
        var text = text
        let parsed = text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { ctoml_parse($0.baseAddress, $0.count) }
        }
        guard let document = parsed else {
            throw ConfigurationError(file: name, "not enough memory to read the file")
        }
        defer { ctoml_free(document) }
        var place = ctoml_position()
        if let message = ctoml_error(document, &place) {
            throw ConfigurationError(
                file: name,
                position: .init(place),
                String(cString: message)
            )
        }
        return nodes(of: document)
    }

    private static func nodes(of document: OpaquePointer) -> [ConfigurationNode] {
        var nodes: [ConfigurationNode] = []
        let count = ctoml_count(document)
        nodes.reserveCapacity(count)
        for index in 0..<count {
            guard let node = ctoml_node_at(document, index) else { continue }
            nodes.append(ConfigurationNode(node.pointee))
            // A parent comes before its children: CTOML's promise.
            if index > 0 { nodes[nodes[index].parent].children.append(index) }
        }
        for index in nodes.indices where nodes[index].value == .table {
            // toml++ sorts keys by name; errors follow the order of the file.
            nodes[index].children = inOrder(nodes[index].children, of: nodes)
        }
        return nodes
    }

    private static func inOrder(_ children: [Int], of nodes: [ConfigurationNode]) -> [Int] {
        let start = ConfigurationError.Position(line: 0, column: 0)
        return children.sorted {
            (nodes[$0].keyPosition ?? start) < (nodes[$1].keyPosition ?? start)
        }
    }
}

extension ConfigurationNode {
    fileprivate init(_ node: ctoml_node) {
        self.init(
            parent: node.parent,
            key: String(node.key),
            keyPosition: .init(node.key_position),
            position: .init(node.value_position),
            value: Value(node)
        )
    }
}

extension ConfigurationNode.Value {
    fileprivate init(_ node: ctoml_node) {
        switch node.kind {
        case CTOML_TABLE: self = .table
        case CTOML_ARRAY: self = .array
        case CTOML_STRING: self = .string(String(node.string))
        case CTOML_INTEGER: self = .integer(Int(node.integer))
        case CTOML_FLOAT: self = .float(node.number)
        case CTOML_BOOLEAN: self = .boolean(node.boolean)
        default: self = .date
        }
    }
}

extension ConfigurationError.Position {
    fileprivate init?(_ position: ctoml_position) {
        guard position.line > 0 else { return nil }
        self.init(line: Int(position.line), column: Int(position.column))
    }
}

extension String {
    fileprivate init(_ text: ctoml_text) {
        let bytes = UnsafeRawBufferPointer(start: text.bytes, count: text.length)
        self = String(decoding: bytes, as: UTF8.self)
    }
}
