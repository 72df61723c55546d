import Testing

/// The measures of house style that the formatter does not check.
struct FormTests {
    static let lineLengthMaximum = 100
    static let functionLinesMaximum = 70
    static let fileLinesMaximum = 500

    @Test(arguments: SourceTree.swiftFiles)
    func keepsLinesShort(_ file: SourceTree.File) {
        let long = file.lines.enumerated().filter { $0.element.count > Self.lineLengthMaximum }
        #expect(long.isEmpty, "\(file): lines \(long.map { $0.offset + 1 })")
    }

    @Test(arguments: SourceTree.swiftFiles)
    func keepsFilesShort(_ file: SourceTree.File) {
        #expect(file.lines.count <= Self.fileLinesMaximum, "\(file): \(file.lines.count) lines")
    }

    @Test(arguments: SourceTree.swiftFiles)
    func keepsFunctionsShort(_ file: SourceTree.File) {
        let long = functions(in: file).filter { $0.lineCount > Self.functionLinesMaximum }
        #expect(long.isEmpty, "\(file): \(long)")
    }

    private struct Function {
        var line: Int
        var lineCount: Int
    }

    /// Functions by their indentation: the formatter closes each at the column where it began.
    private func functions(in file: SourceTree.File) -> [Function] {
        let lines = file.lines
        var found: [Function] = []
        for (start, line) in lines.enumerated() where beginsFunction(line) {
            let indentation = line.prefix { $0 == " " }
            let closing = indentation + "}"
            // A function on one line, or a requirement of a protocol, closes nowhere.
            let rest = lines[(start + 1)...]
            guard let end = rest.firstIndex(where: { $0 == closing || isPeer($0, indentation) }),
                lines[end] == closing
            else { continue }
            found.append(Function(line: start + 1, lineCount: end - start + 1))
        }
        return found
    }

    /// Whether a line at the same indentation begins something else.
    private func isPeer(_ line: Substring, _ indentation: Substring) -> Bool {
        let inner = line.drop { $0 == " " }
        guard line.count - inner.count <= indentation.count, let first = inner.first else {
            return false
        }
        return first.isLetter || first == "@" || first == "}"
    }

    private func beginsFunction(_ line: Substring) -> Bool {
        let words = line.split(separator: " ")
        guard let keyword = words.first(where: { !Self.modifiers.contains(String($0)) }) else {
            return false
        }
        return keyword == "func" || keyword == "deinit" || keyword.hasPrefix("init(")
            || keyword.hasPrefix("init?(") || keyword.hasPrefix("init<")
            || keyword.hasPrefix("subscript(")
    }

    private static let modifiers: Set<String> = [
        "package", "private", "fileprivate", "internal", "public", "static", "mutating",
        "override", "consuming", "borrowing", "nonisolated", "convenience", "@inlinable",
        "@inline(__always)", "@discardableResult", "@Test", "@MainActor",
    ]
}
