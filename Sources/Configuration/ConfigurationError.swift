/// What is wrong with a configuration file, and where: one line that says what to do.
package struct ConfigurationError: Error, Hashable, CustomStringConvertible {
    package var file: String
    /// Both from 1; nil where the file as a whole is meant.
    package var position: Position?
    package var message: String

    /// A place in a file.
    package struct Position: Sendable, Hashable, Comparable {
        package var line: Int
        package var column: Int

        package static func < (left: Self, right: Self) -> Bool {
            (left.line, left.column) < (right.line, right.column)
        }
    }

    package init(file: String, position: Position? = nil, _ message: String) {
        self.file = file
        self.position = position
        self.message = message
    }

    /// The form that editors and compilers share: `file:line:column: message`.
    package var description: String {
        guard let position else { return "\(file): \(message)" }
        return "\(file):\(position.line):\(position.column): \(message)"
    }
}
