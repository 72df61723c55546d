import Testing
import XMPP

@testable import Modules

@Suite struct SharedGroupsTests {
    let viewer = JID(normalizedLocal: "viewer", domain: "example.com")
    let web = JID(normalizedLocal: "web", domain: "example.com")
    let mail = JID(normalizedLocal: "mail", domain: "example.com")

    var groups: SharedGroups {
        SharedGroups([
            "viewers": .init(members: [viewer]),
            "hosts": .init(members: [web, mail], sees: ["viewers"]),
        ])
    }

    @Test func showsHostsAndViewersToEachOther() {
        #expect(groups.connects(viewer, web))
        #expect(groups.connects(web, viewer))
        #expect(groups.contacts(of: viewer) == [web: ["hosts"], mail: ["hosts"]])
        #expect(groups.contacts(of: web) == [viewer: ["viewers"]])
    }

    @Test func hidesHostsFromHosts() {
        #expect(!groups.connects(web, mail))
        #expect(groups.names(through: web, of: mail).isEmpty)
    }

    @Test func neverShowsAnAccountToItself() {
        let friends = SharedGroups(["friends": .init(members: [web, mail], sees: ["friends"])])
        #expect(friends.contacts(of: web) == [mail: ["friends"]])
        #expect(!friends.connects(web, web))
    }

    @Test func namesTheGroupsThroughWhichOneIsSeen() {
        #expect(groups.names(through: viewer, of: web) == ["hosts"])
        #expect(groups.names(through: web, of: viewer) == ["viewers"])
    }

    @Test func passesOverAGroupThatDoesNotExist() {
        let groups = SharedGroups(["hosts": .init(members: [web], sees: ["nobody"])])
        #expect(groups.contacts(of: web).isEmpty)
    }
}
