import Testing
import XMPP

@testable import Modules

/// The field max_bytes of a node's configuration (docs/protocol.md).
@Suite struct NodeBytesTests {
    private static let field = "{urn:lapwing:1}max_bytes"
    private static let payload = "<a xmlns='urn:a'/>"

    private func form(_ fields: [String: String]) -> String {
        let markup = fields.map { "<field var='\($0.key)'><value>\($0.value)</value></field>" }
        return "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>"
            + "\(Namespace.pubsub)#node_config</value></field>\(markup.joined())</x>"
    }

    private func talk(_ bytes: Int, _ more: [String: String] = [:]) throws -> NodesConversation {
        var talk = NodesConversation()
        let fields = ["pubsub#max_items": "10", Self.field: "\(bytes)"].merging(more) { $1 }
        let content = "<create node='n'/><configure>\(form(fields))</configure>"
        #expect(try talk.set(content).error == nil)
        return talk
    }

    /// Bytes of the payload as it is kept.
    private func size() throws -> Int {
        var talk = try talk(0)
        _ = try talk.publish("n", "1", Self.payload)
        return try #require(talk.service.nodes["n"]?.items.bytes)
    }

    // At the bound two items stay, a byte below it one.
    @Test(arguments: [(0, ["2", "3"]), (1, ["3"])])
    func keepsNoMoreBytesThanItSays(_ less: Int, _ expected: [String]) throws {
        var talk = try talk(2 * size() - less)
        for id in ["1", "2", "3"] { _ = try talk.publish("n", id, Self.payload) }
        #expect(try talk.items(of: "n") == expected)
        // The same by a configuration that comes later; 0 bounds nothing.
        _ = try talk.set("#<configure node='n'>\(form([Self.field: "0"]))</configure>")
        for id in ["4", "5"] { _ = try talk.publish("n", id, Self.payload) }
        #expect(try talk.items(of: "n") == expected + ["4", "5"])
        _ = try talk.set("#<configure node='n'>\(form([Self.field: "1"]))</configure>")
        // The newest stays, however large it is.
        #expect(try talk.items(of: "n") == ["5"])
    }

    @Test func tellsAndStoresWhatWent() throws {
        var talk = try talk(2 * size())
        for id in ["1", "2"] { _ = try talk.publish("n", id, Self.payload) }
        _ = try talk.arrive("host@example.org/top", wanting: ["n"])
        let outcome = try talk.publish("n", "3", Self.payload)
        #expect(outcome.told.contains("host@example.org/top: n retract 1"))
    }

    @Test func rejectsBytesThatDoNotFit() throws {
        var talk = try talk(2 * size(), ["pubsub#publish_node_full": "reject"])
        for id in ["1", "2"] {
            #expect(try talk.publish("n", id, Self.payload).error == nil)
        }
        #expect(try talk.publish("n", "3", Self.payload).error == "cancel conflict node-full")
        // What takes another's place needs only as much as it is larger.
        #expect(try talk.publish("n", "2", Self.payload).error == nil)
        let larger = "<a xmlns='urn:a'>x</a>"
        #expect(try talk.publish("n", "2", larger).error == "cancel conflict node-full")
        #expect(try talk.items(of: "n") == ["1", "2"])
    }

    @Test(arguments: [(PubSubLimits.nodeBytesMaximum, true), (1 + (1 << 40), false), (-1, false)])
    func takesANumberUpToItsLimit(_ bytes: Int, _ isTaken: Bool) throws {
        var talk = NodesConversation()
        let fields = form([Self.field: "\(bytes)"])
        let content = "<create node='n'/><configure>\(fields)</configure>"
        #expect((try talk.set(content).error == nil) == isTaken)
    }
}
