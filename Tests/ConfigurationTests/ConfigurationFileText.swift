import Foundation

/// Reads a fixture as text.
enum ConfigurationFileText {
    static func read(_ path: String) throws -> String {
        try String(contentsOfFile: path, encoding: .utf8)
    }
}
