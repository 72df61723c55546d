/// A table of a configuration file, read by typed questions; nil means that the key is not there.
///
/// Every question is remembered: ``ConfigurationFile/finish()`` reports keys that nobody asked for.
package struct ConfigurationTable {
    let file: ConfigurationFile
    let index: Int

    /// The names in this table, in the order of the file: for tables whose keys are free.
    package var keys: [String] { file.nodes[index].children.map { file.nodes[$0].key } }

    /// Whether the key is there.
    package func contains(_ key: String) -> Bool { keys.contains(key) }

    /// A text.
    package func string(_ key: String) throws(ConfigurationError) -> String? {
        guard let node = node(key) else { return nil }
        guard case .string(let value) = node.value else {
            throw mismatch(key, node, "a string in quotes")
        }
        return value
    }

    /// A whole number within `range`.
    package func integer(
        _ key: String,
        in range: ClosedRange<Int> = Int.min...Int.max
    ) throws(ConfigurationError) -> Int? {
        guard let node = node(key) else { return nil }
        guard case .integer(let value) = node.value else { throw mismatch(key, node, "an integer") }
        guard range.contains(value) else {
            throw error(key, "must be between \(range.lowerBound) and \(range.upperBound)")
        }
        return value
    }

    /// A number, whole or not.
    package func number(_ key: String) throws(ConfigurationError) -> Double? {
        guard let node = node(key) else { return nil }
        switch node.value {
        case .integer(let value): return Double(value)
        case .float(let value) where value.isFinite: return value
        default: throw mismatch(key, node, "a number")
        }
    }

    /// True or false.
    package func boolean(_ key: String) throws(ConfigurationError) -> Bool? {
        guard let node = node(key) else { return nil }
        guard case .boolean(let value) = node.value else {
            throw mismatch(key, node, "true or false")
        }
        return value
    }

    /// An array of texts.
    package func strings(_ key: String) throws(ConfigurationError) -> [String]? {
        guard let index = file.child(key, of: index) else { return nil }
        let node = file.nodes[index]
        guard node.value == .array else { throw mismatch(key, node, "an array of strings") }
        var result: [String] = []
        for element in file.elements(of: index) {
            guard case .string(let value) = file.nodes[element].value else {
                throw mismatch(key, file.nodes[element], "an array of strings")
            }
            result.append(value)
        }
        return result
    }

    /// A time with its unit, as `"15s"`, within `range`.
    package func duration(
        _ key: String,
        in range: ClosedRange<Duration> = .zero ... .seconds(86400 * 365)
    ) throws(ConfigurationError) -> Duration? {
        guard let node = node(key) else { return nil }
        guard case .string(let text) = node.value, let value = Quantity.duration(text) else {
            throw mismatch(key, node, "a time with its unit, as \"500ms\", \"15s\", \"5m\", \"2h\"")
        }
        guard range.contains(value) else {
            let low = Quantity.text(range.lowerBound)
            throw error(key, "must be between \(low) and \(Quantity.text(range.upperBound))")
        }
        return value
    }

    /// A number of bytes, plain or as `"256KiB"`, within `range`.
    package func size(
        _ key: String,
        in range: ClosedRange<Int> = 0...Int.max
    ) throws(ConfigurationError) -> Int? {
        guard let node = node(key) else { return nil }
        let bytes: Int? =
            switch node.value {
            case .integer(let value): value
            case .string(let text): Quantity.bytes(text)
            default: nil
            }
        guard let bytes else { throw mismatch(key, node, "a size, as \"256KiB\" or \"1MiB\"") }
        guard range.contains(bytes) else {
            let low = Quantity.text(bytes: range.lowerBound)
            throw error(key, "must be between \(low) and \(Quantity.text(bytes: range.upperBound))")
        }
        return bytes
    }

    /// One of the words of `Choice`.
    package func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String,
        of type: Choice.Type = Choice.self
    ) throws(ConfigurationError) -> Choice? {
        guard let text = try string(key) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let words = Choice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
        throw error(key, "\"\(text)\" is not one of \(words)")
    }

    /// A table inside this one.
    package func table(_ key: String) throws(ConfigurationError) -> ConfigurationTable? {
        guard let index = file.child(key, of: index) else { return nil }
        guard file.nodes[index].value == .table else {
            throw mismatch(key, file.nodes[index], "a table, as [\(key)]")
        }
        return ConfigurationTable(file: file, index: index)
    }

    /// An array of tables.
    package func tables(_ key: String) throws(ConfigurationError) -> [ConfigurationTable]? {
        guard let index = file.child(key, of: index) else { return nil }
        guard file.nodes[index].value == .array else {
            throw mismatch(key, file.nodes[index], "a list of tables, each as [[\(key)]]")
        }
        var result: [ConfigurationTable] = []
        for element in file.elements(of: index) {
            guard file.nodes[element].value == .table else {
                throw mismatch(key, file.nodes[element], "a list of tables, each as [[\(key)]]")
            }
            result.append(ConfigurationTable(file: file, index: element))
        }
        return result
    }

    /// What the caller found wrong with a key's value; points at the table when it is not there.
    package func error(_ key: String, _ message: String) -> ConfigurationError {
        let node = node(key)
        return ConfigurationError(
            file: file.name,
            position: node?.position ?? node?.keyPosition ?? file.nodes[index].keyPosition
                ?? file.nodes[index].position,
            "\(key): \(message)"
        )
    }

    /// What the caller misses.
    package func missing(_ key: String, _ example: String) -> ConfigurationError {
        error(key, "is missing; write for example: \(key) = \(example)")
    }

    private func node(_ key: String) -> ConfigurationNode? {
        file.child(key, of: index).map { file.nodes[$0] }
    }

    private func mismatch(
        _ key: String,
        _ node: ConfigurationNode,
        _ wanted: String
    ) -> ConfigurationError {
        ConfigurationError(
            file: file.name,
            position: node.position ?? node.keyPosition,
            "\(key): expected \(wanted), found \(found(node))"
        )
    }

    private func found(_ node: ConfigurationNode) -> String {
        if case .string(let text) = node.value { return "\"\(text)\"" }
        return node.value.kind
    }
}
