import Testing
import XMPP

// XEP-0413
@Suite struct ItemOrderTests {
    private func read(_ content: String) throws -> [ItemOrder] {
        let markup = "<pubsub xmlns='\(Namespace.pubsub)'>\(content)</pubsub>"
        return try ItemOrder.read(in: Element(parsing: Array(markup.utf8)))
    }

    private func order(_ attributes: String) -> String {
        "<order xmlns='urn:xmpp:order-by:1' \(attributes)/>"
    }

    @Test(arguments: [
        ("by='creation'", ItemOrder(by: .creation)),
        ("by='modification'", ItemOrder(by: .modification)),
        ("by='creation' desc='true'", ItemOrder(by: .creation, isDescending: true)),
        ("by='creation' desc='1'", ItemOrder(by: .creation, isDescending: true)),
        ("by='creation' desc='false'", ItemOrder(by: .creation)),
        ("by='creation' other='x'", ItemOrder(by: .creation)),
    ])
    func readsAnOrder(_ attributes: String, _ expected: ItemOrder) throws {
        #expect(try read("<items node='n'/>" + order(attributes)) == [expected])
        #expect(try ItemOrder.read(in: Element("q", "", [expected.element])) == [expected])
    }

    @Test func keepsTheOrderOfOrders() throws {
        let both = order("by='modification' desc='1'") + order("by='creation'")
        #expect(
            try read(both)
                == [ItemOrder(by: .modification, isDescending: true), ItemOrder(by: .creation)]
        )
        #expect(try read("<order by='creation'/>").isEmpty)
    }

    @Test func refusesWhatItDoesNotKnow() throws {
        #expect {
            try read(order("by='{urn:t}size'"))
        } throws: {
            ($0 as? StanzaError)?.condition == .featureNotImplemented
        }
        for attributes in ["", "by='creation' desc='down'"] {
            #expect {
                try read(order(attributes))
            } throws: {
                ($0 as? StanzaError)?.condition == .badRequest
            }
        }
    }

    @Test func limitsTheOrders() throws {
        let most = String(repeating: order("by='creation'"), count: ItemOrder.levelsMaximum)
        #expect(try read(most).count == ItemOrder.levelsMaximum)
        #expect(throws: StanzaError.self) { try read(most + order("by='creation'")) }
    }
}
