import Testing
import XMPP

@testable import Modules

@Suite struct AffiliationsTests {
    // Kept from change to change, they are whom a look at everybody finds.
    @Test func keepsTheOwnersInOrder() throws {
        let names = try (0..<12).map { try JID("\($0)@example.org") }
        var affiliations = Affiliations()
        var plain: [JID: Affiliation] = [:]
        var state: UInt64 = 1
        for _ in 0..<2_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let jid = names[Int(state >> 33) % names.count]
            let next: Affiliation? = [.owner, .owner, .member, nil][Int(state >> 53) % 4]
            affiliations[jid] = next
            plain[jid] = next
            let owners = plain.filter { $0.value == .owner }.keys.map(\.description).sorted()
            #expect(affiliations.owners.map(\.description) == owners)
            #expect(affiliations.all == plain)
        }
        #expect(Affiliations(plain).owners == affiliations.owners)
    }
}
