import Foundation

/// The files of this project, read from the disk.
enum SourceTree {
    /// The folder of `Package.swift`, three steps above this file.
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// A text file and its path below the root.
    struct File: CustomStringConvertible, Sendable {
        let path: String
        let text: String

        var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
        var description: String { path }
        var isTest: Bool { path.hasPrefix("Tests/") }
    }

    /// The Swift files of the main package and the benchmarks.
    static let swiftFiles = files(
        below: ["Sources", "Tests", "collectors", "dashboards", "Benchmarks", "Package.swift"],
        withExtension: "swift"
    )

    static func files(below folders: [String], withExtension wanted: String) -> [File] {
        folders.flatMap { paths(below: $0) }
            .filter { ($0 as NSString).pathExtension == wanted && !$0.contains("/.build") }
            .sorted()
            .compactMap { path in text(at: path).map { File(path: path, text: $0) } }
    }

    static func text(at path: String) -> String? {
        try? String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// The names of the folders directly below `folder`.
    static func folders(in folder: String) -> [String] {
        let url = root.appending(path: folder)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path())) ?? []
        return names.filter { name in
            var isFolder: ObjCBool = false
            let path = url.appending(path: name).path()
            return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
                && isFolder.boolValue && !name.hasPrefix(".")
        }
        .sorted()
    }

    private static func paths(below path: String) -> [String] {
        let url = root.appending(path: path)
        guard let below = FileManager.default.enumerator(atPath: url.path()) else { return [path] }
        let found = below.compactMap { $0 as? String }.map { path + "/" + $0 }
        return found.isEmpty ? [path] : found
    }
}
