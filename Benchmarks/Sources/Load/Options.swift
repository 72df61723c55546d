/// The flags of a load: `--name value` pairs.
struct Options {
    private var values: [String: String] = [:]

    init(_ arguments: some Sequence<String>) throws(LoadError) {
        var rest = Array(arguments)
        while let flag = rest.first {
            guard flag.hasPrefix("--"), rest.count >= 2 else {
                throw LoadError("\(flag): every flag is --name value")
            }
            values[String(flag.dropFirst(2))] = rest[1]
            rest.removeFirst(2)
        }
    }

    func text(_ name: String) throws(LoadError) -> String {
        guard let value = values[name] else { throw LoadError("--\(name) is missing") }
        return value
    }

    func text(_ name: String, default value: String) -> String {
        values[name] ?? value
    }

    /// Numbers with commas between them.
    func numbers(_ name: String) throws(LoadError) -> [Int] {
        let parts = try text(name).split(separator: ",")
        let numbers = parts.compactMap { Int($0) }
        guard numbers.count == parts.count, !numbers.isEmpty else {
            throw LoadError("--\(name): not numbers with commas between them")
        }
        return numbers
    }

    func number(_ name: String, default value: Int) throws(LoadError) -> Int {
        guard let text = values[name] else { return value }
        guard let number = Int(text), number >= 0 else {
            throw LoadError("--\(name) \(text): not a number")
        }
        return number
    }
}

/// Why a load could not be run, in one line.
struct LoadError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
