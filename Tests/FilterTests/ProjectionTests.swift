import Filter
import Testing

struct ProjectionTests {
    @Test func keepsTheNamesThatItHas() throws {
        let projection = try Projection(" user\tcpu.iowait  user ")
        #expect(projection.names == ["user", "cpu.iowait"])
        #expect(projection.keeps("user"))
        #expect(projection.keeps("user", group: "cpu"))
        #expect(!projection.keeps("iowait"))
        #expect(projection.keeps("iowait", group: "cpu"))
        #expect(!projection.keeps("iowait", group: "disk"))
        #expect(!projection.keeps("idle", group: "cpu"))
    }

    @Test(arguments: ["", " \n"])
    func refusesToKeepNothing(_ text: String) {
        #expect(throws: FilterError(column: 1, "expected a name")) { try Projection(text) }
    }

    @Test func takesSixtyFourNames() {
        func text(_ count: Int) -> String {
            (10..<(10 + count)).map { "n\($0)" }.joined(separator: " ")
        }
        #expect(throws: Never.self) { try Projection(text(64)) }
        // The same name again is no name more.
        #expect(throws: Never.self) { try Projection(text(64) + " n10") }
        #expect(throws: FilterError(column: 257, "more than 64 names")) { try Projection(text(65)) }
    }
}
