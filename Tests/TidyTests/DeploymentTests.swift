import Foundation
import Testing

/// The units in `deploy/` fit one another, and the documents.
struct DeploymentTests {
    private static let router = "lapwing-server.service"
    private static let edge = "lapwing-s2s.service"

    /// A unit's lines by key; comments are left out.
    private func unit(_ name: String) throws -> [String: [String]] {
        let text = try #require(SourceTree.text(at: "deploy/\(name)"))
        var lines: [String: [String]] = [:]
        for line in text.components(separatedBy: "\n") where !line.hasPrefix("#") {
            guard let equals = line.firstIndex(of: "=") else { continue }
            let key = String(line[..<equals])
            lines[key, default: []].append(String(line[line.index(after: equals)...]))
        }
        return lines
    }

    /// What it says that differs is what has to.
    @Test func processesOfTheServerHaveOneSandbox() throws {
        let (router, edge) = (try unit(Self.router), try unit(Self.edge))
        let differing = Set(router.keys).union(edge.keys).filter { router[$0] != edge[$0] }
        #expect(
            differing == [
                "Description", "ExecStart", "ExecStartPre", "User", "Group", "StateDirectory",
                "RuntimeDirectory",
            ]
        )
    }

    /// A process sees no other user inside `PrivateUsers=`, so `users` of a link would let none in.
    @Test(arguments: [router, edge])
    func seesWhoConnectsToASocket(_ name: String) throws {
        #expect(try unit(name)["PrivateUsers"] == nil)
    }

    /// Where the documented files put their sockets and data, and whom they name.
    @Test func documentedFilesFitTheUnits() throws {
        let page = try #require(SourceTree.text(at: "docs/federation.md"))
        for name in [Self.router, Self.edge] {
            let unit = try unit(name)
            let user = try #require(unit["User"]?.first)
            let state = try #require(unit["StateDirectory"]?.first)
            let runtime = try #require(unit["RuntimeDirectory"]?.first)
            #expect(page.contains("data = \"/var/lib/\(state)\""))
            #expect(page.contains("listen = \"unix:/run/\(runtime)/"))
            #expect(page.contains("users = [\"\(user)\"]"))
            #expect(page.contains("`\(name)`"))
        }
    }
}
