extension Command {
    /// The help text, wrapped to `width` columns.
    package func help(width: Int = 80) -> String {
        let width = max(width, 40)
        var usage = "Usage: \(name) [OPTION]…"
        if let operands { usage += " " + operands }
        var text = usage + "\n" + Self.wrap(summary, width: width, indent: 0) + "\n"
        text += "\nOptions:\n"
        let spellings = options.map(Self.spelling)
        let column = min((spellings.map(\.count).max() ?? 0) + 4, width / 2)
        for (option, spelling) in zip(options, spellings) {
            text += Self.row(spelling, option.help, column: column, width: width) + "\n"
        }
        guard !examples.isEmpty else { return text }
        text += "\nExamples:\n"
        for example in examples {
            text += "  \(example.line)\n"
            text += Self.wrap(example.meaning, width: width, indent: 6) + "\n"
        }
        return text
    }

    /// The nearest option by name, when one is near enough to have been meant.
    func suggestion(for name: String) -> String? {
        var nearest: (name: String, distance: Int)?
        for option in options {
            let distance = Self.distance(name, option.name)
            if distance < nearest?.distance ?? .max { nearest = (option.name, distance) }
            if name.count >= 3, option.name.hasPrefix(name) { return "--" + option.name }
        }
        guard let nearest, nearest.distance <= max(1, name.count / 3) else { return nil }
        return "--" + nearest.name
    }

    private static func spelling(_ option: Option) -> String {
        let short = option.short.map { "-\($0), " } ?? "    "
        return short + "--" + option.name + (option.placeholder.map { " " + $0 } ?? "")
    }

    private static func row(_ left: String, _ right: String, column: Int, width: Int) -> String {
        let lines = wrap(right, width: width, indent: column)
        let head = "  " + left
        guard head.count + 2 <= column else { return head + "\n" + lines }
        let padding = String(repeating: " ", count: column - head.count)
        return head + padding + lines.dropFirst(column)
    }

    /// Breaks at spaces; a word that is longer than a line stands alone on it.
    private static func wrap(_ text: String, width: Int, indent: Int) -> String {
        let margin = String(repeating: " ", count: indent)
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, indent + line.count + 1 + word.count > width {
                lines.append(margin + line)
                line = ""
            }
            line += line.isEmpty ? String(word) : " " + word
        }
        lines.append(margin + line)
        return lines.joined(separator: "\n")
    }

    /// Levenshtein's distance between two names; names are short, so the square is small.
    private static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left.prefix(longestName))
        let right = Array(right.prefix(longestName))
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let above = row[j + 1]
                row[j + 1] = min(diagonal + (a == b ? 0 : 1), min(row[j], above) + 1)
                diagonal = above
            }
        }
        return row[right.count]
    }

    /// Characters of a name that are compared; an argument may be as long as the kernel lets it.
    private static let longestName = 64
}
