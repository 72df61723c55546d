import Testing

/// Words that must not stand in the source.
struct WordsTests {
    /// What ends the program, and what a peer could therefore use to end it.
    static let banned = ["fatalError(", "try!", "as!", "preconditionFailure(", "unsafeBitCast("]
    static let programs = SourceTree.swiftFiles.filter {
        !$0.isTest && !$0.path.hasPrefix("Benchmarks/")
    }

    @Test(arguments: programs)
    func endsNoProgramOnInput(_ file: SourceTree.File) {
        for (number, line) in code(of: file) {
            let word = Self.banned.first { line.contains($0) }
            #expect(word == nil, "\(file):\(number): \(word ?? "")")
        }
    }

    @Test(arguments: SourceTree.swiftFiles.filter(\.isTest))
    func sleepsInNoTest(_ file: SourceTree.File) {
        guard !file.path.hasPrefix("Tests/TidyTests/") else { return }
        for (number, line) in code(of: file) {
            let word = ["Task.sleep", "usleep(", "nanosleep(", "Thread.sleep"].first {
                line.contains($0)
            }
            #expect(word == nil, "\(file):\(number): \(word ?? "")")
        }
    }

    @Test(arguments: SourceTree.swiftFiles)
    func namesNoPathOfOneMachine(_ file: SourceTree.File) {
        guard !file.path.hasPrefix("Tests/TidyTests/") else { return }
        for (number, line) in file.lines.enumerated() {
            let path = ["/home/", "/Users/"].first { line.contains($0) }
            #expect(path == nil, "\(file):\(number + 1): \(path ?? "")")
        }
    }

    @Test(arguments: SourceTree.swiftFiles)
    func leavesNothingToDo(_ file: SourceTree.File) {
        guard !file.path.hasPrefix("Tests/TidyTests/") else { return }
        for (number, line) in file.lines.enumerated() {
            let word = ["TODO", "FIXME", "XXX", "HACK"].first { line.contains($0) }
            #expect(word == nil, "\(file):\(number + 1): \(word ?? "")")
        }
    }

    /// The lines that are not comments.
    private func code(of file: SourceTree.File) -> [(number: Int, line: Substring)] {
        file.lines.enumerated().compactMap { offset, line in
            line.drop { $0 == " " }.hasPrefix("//") ? nil : (offset + 1, line)
        }
    }
}
