import Testing

@testable import Server

/// Which refusals have a line of the log, in virtual time.
@Suite struct RefusalNoticesTests {
    private let start = ContinuousClock.now
    private let period = RefusalNotices.period

    @Test func tellsOfAnAddressOnceInAWhile() {
        var notices = RefusalNotices()
        #expect(notices.refused("192.0.2.1", at: start) == .init())
        for second in 1..<60 {
            #expect(notices.refused("192.0.2.1", at: start + .seconds(second)) == nil)
        }
        #expect(notices.refused("192.0.2.1", at: start + period) == .init(leftOut: 59))
        #expect(notices.refused("192.0.2.1", at: start + period * 2) == .init())
    }

    @Test func tellsOfEachAddress() {
        var notices = RefusalNotices()
        #expect(notices.refused("192.0.2.1", at: start) == .init())
        #expect(notices.refused("192.0.2.2", at: start) == .init())
        #expect(notices.refused("192.0.2.1", at: start) == nil)
        // What the first left out is told by whoever comes next.
        let notice = notices.refused("192.0.2.3", at: start + period)
        #expect(notice == .init(leftOutElsewhere: 1))
        #expect(notices.refused("192.0.2.4", at: start + period) == .init())
    }

    /// A flood of addresses has so many lines as well, and none of it is lost from the count.
    @Test func tellsOfSoManyAddresses() {
        var notices = RefusalNotices()
        let most = RefusalNotices.addressesMax
        let told = (0..<1000).count { notices.refused("\($0)", at: start) != nil }
        #expect(told == most)
        #expect(notices.count == most)
        let later = start + period
        #expect(notices.refused("new", at: later) == .init(leftOutElsewhere: 1000 - most))
        #expect(notices.count == 1)
    }

    @Test(arguments: [
        (RefusalNotices.Notice(), ""),
        (.init(leftOut: 2), " (2 more before, not logged)"),
        (.init(leftOutElsewhere: 3), " (3 more from elsewhere, not logged)"),
        (
            .init(leftOut: 2, leftOutElsewhere: 3),
            " (2 more before and 3 from elsewhere, not logged)"
        ),
    ])
    func saysWhatItLeftOut(_ notice: RefusalNotices.Notice, _ text: String) {
        #expect(notice.description == text)
    }
}
