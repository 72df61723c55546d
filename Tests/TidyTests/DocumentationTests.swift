import Foundation
import Testing

/// The documents name what the tree has.
struct DocumentationTests {
    @Test func architectureNamesEveryFolderOfSources() throws {
        let text = try #require(SourceTree.text(at: "docs/architecture.md"))
        for folder in SourceTree.folders(in: "Sources") {
            #expect(text.contains(folder), "Sources/\(folder) is not in docs/architecture.md")
        }
    }

    @Test func readmeNamesEveryProgram() throws {
        let text = try #require(SourceTree.text(at: "README.md"))
        for program in ["lapwing-server", "lapwingctl", "lapwing-agent", "lapwing-top"] {
            #expect(text.contains("`\(program)`"), "\(program) is not in README.md")
        }
    }

    @Test func contributingIndexNamesEveryDecision() throws {
        let index = try #require(SourceTree.text(at: "docs/decisions/README.md"))
        let pages = SourceTree.files(below: ["docs/decisions"], withExtension: "md")
        for page in pages where !page.path.hasSuffix("README.md") {
            let name = page.path.split(separator: "/").last.map(String.init) ?? ""
            #expect(index.contains("(\(name))"), "\(name) is not in the index of decisions")
        }
    }

    @Test func everyDocumentedLinkLeadsSomewhere() {
        let pages =
            SourceTree.files(below: ["docs"], withExtension: "md")
            + SourceTree.files(below: ["README.md", "CONTRIBUTING.md"], withExtension: "md")
        #expect(!pages.isEmpty)
        for page in pages {
            for target in links(in: page) {
                let folder = page.path.split(separator: "/").dropLast().joined(separator: "/")
                let path = folder.isEmpty ? target : folder + "/" + target
                #expect(exists(path), "\(page): \(target)")
            }
        }
    }

    /// The targets of relative links, without fragments.
    private func links(in page: SourceTree.File) -> [String] {
        page.text.components(separatedBy: "](").dropFirst().compactMap { rest in
            let target = rest.prefix { $0 != ")" && $0 != "#" && $0 != "\n" }
            return target.isEmpty || target.contains("://") ? nil : String(target)
        }
    }

    private func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: SourceTree.root.appending(path: path).path())
    }
}
