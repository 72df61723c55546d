import Modules
import Storage
import Testing
import XMPP

@Suite struct AccountStoreTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    @Test(arguments: StoreKind.allCases)
    func keepsAccounts(kind: StoreKind) throws {
        let store = try scratch.open(kind)
        try store.apply(.account(.save(.sample("alice"))), .account(.save(.sample("bob"))))
        #expect(try store.accounts == [.sample("alice"), .sample("bob")])
        #expect(try store.account(.account("bob")) == .sample("bob"))
        #expect(try store.account(.account("carol")) == nil)
    }

    @Test(arguments: StoreKind.allCases)
    func savesOtherSecretsOverTheFirst(kind: StoreKind) throws {
        let store = try scratch.open(kind)
        let membership = GroupMembership(group: "hosts", member: .account("alice"))
        try store.apply(.account(.save(.sample("alice"))), .account(.join(membership)))
        try store.apply(.account(.save(.sample("alice", salt: 9))))
        #expect(try store.accounts == [.sample("alice", salt: 9)])
        #expect(try store.memberships == [membership])
    }

    @Test(arguments: StoreKind.allCases)
    func keepsMemberships(kind: StoreKind) throws {
        let store = try scratch.open(kind)
        let first = GroupMembership(group: "hosts", member: .account("alice"))
        let second = GroupMembership(group: "viewers", member: .account("alice"))
        try store.apply(.account(.save(.sample("alice"))), .account(.join(first)))
        try store.apply(.account(.join(first)), .account(.join(second)))
        #expect(try store.memberships == [first, second])
        try store.apply(.account(.leave(first)))
        #expect(try store.memberships == [second])
    }

    @Test(arguments: StoreKind.allCases)
    func refusesAMembershipOfNobodyAndChangesNothing(kind: StoreKind) throws {
        let store = try scratch.open(kind)
        let nobody = GroupMembership(group: "hosts", member: .account("nobody"))
        let error = #expect(throws: StoreError.self) {
            try store.apply(.account(.save(.sample("alice"))), .account(.join(nobody)))
        }
        #expect(error?.reason == .invalid)
        #expect(try store.accounts.isEmpty)
    }

    @Test(arguments: StoreKind.allCases)
    func keepsRosters(kind: StoreKind) throws {
        let store = try scratch.open(kind)
        let alice = JID.account("alice")
        var bob = RosterItem(.account("bob"), name: "Bob", groups: ["a b", "c"], to: true)
        var carol = RosterItem(.account("carol"), asked: true)
        carol.isListed = false
        try store.apply(.account(.save(.sample("alice"))))
        try store.apply(.roster(.save(owner: alice, bob)), .roster(.save(owner: alice, carol)))
        #expect(try store.rosters == [alice: [bob, carol]])
        bob.from = true
        bob.approved = true
        bob.asking = true
        bob.name = nil
        try store.apply(
            .roster(.save(owner: alice, bob)),
            .roster(.remove(owner: alice, contact: carol.jid))
        )
        #expect(try store.roster(of: alice) == [bob])
        #expect(try store.roster(of: bob.jid).isEmpty)
    }

    @Test(arguments: StoreKind.allCases)
    func anAccountMadeAgainInheritsNothing(kind: StoreKind) throws {
        let store = try scratch.open(kind)
        let (alice, bob) = (JID.account("alice"), JID.account("bob"))
        var asked = RosterItem(alice, asked: true)
        asked.isListed = false
        try store.apply(
            .account(.save(.sample("alice"))),
            .account(.save(.sample("bob"))),
            .account(.save(.sample("carol"))),
            .account(.join(GroupMembership(group: "viewers", member: alice))),
            .roster(.save(owner: alice, RosterItem(bob, to: true, from: true))),
            .roster(
                .save(
                    owner: bob,
                    RosterItem(
                        alice,
                        name: "A",
                        groups: ["g"],
                        to: true,
                        from: true,
                        approved: true
                    )
                )
            ),
            .roster(.save(owner: .account("carol"), asked))
        )
        try store.apply(.account(.remove(alice)), .account(.save(.sample("alice"))))
        #expect(try store.memberships.isEmpty)
        // Bob still has her in his list, but neither sees the other.
        #expect(try store.rosters == [bob: [RosterItem(alice, name: "A", groups: ["g"])]])
    }

    @Test func readsBackWhatAnEarlierProcessWrote() throws {
        let first = try SQLiteStore(path: scratch.database)
        try first.apply(.account(.save(.sample("alice"))))
        try first.close()
        let second = try SQLiteStore(path: scratch.database)
        #expect(try second.accounts == [.sample("alice")])
    }
}
