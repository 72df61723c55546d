import NIOCore
import Testing

@testable import Transport

@Suite struct QuestionBookTests {
    private func at(_ seconds: UInt64) -> NIODeadline {
        .uptimeNanoseconds(seconds * 1_000_000_000)
    }

    private func book(underWay: Int = 2, waiting: Int = 4) -> QuestionBook<String> {
        var limits = ResolverLimits()
        limits.underWay = underWay
        limits.waiting = waiting
        return QuestionBook(limits)
    }

    @Test func asksInOrderAndNoMoreAtOnceThanItMay() {
        var book = book()
        for id in 0..<4 { #expect(book.add(id, until: at(9), "\(id)") == true) }
        #expect(book.next()?.id == 0)
        #expect(book.next()?.id == 1)
        #expect(book.next() == nil)
        #expect(book.answered(1) == "1")
        #expect(book.next()?.id == 2)
        #expect(book.next() == nil)
    }

    @Test func takesNoMoreThanItMay() {
        var book = book()
        for id in 0..<4 { #expect(book.add(id, until: at(9), "\(id)") == true) }
        #expect(book.add(4, until: at(9), "4") == false)
        _ = book.cancel(3)
        #expect(book.add(4, until: at(9), "4") == true)
    }

    @Test func givesUpThoseWhoseTimeIsOver() {
        var book = book()
        _ = book.add(0, until: at(5), "0")
        _ = book.add(1, until: at(7), "1")
        _ = book.next()
        #expect(book.nextDeadline == at(5))
        #expect(book.expired(at: at(4)).isEmpty)
        #expect(book.expired(at: at(5)) == ["0"])
        #expect(book.expired(at: at(5)).isEmpty)
        #expect(book.nextDeadline == at(7))
        #expect(book.answered(0) == nil)
    }

    @Test func countsWhatIsUnderWayUntilItIsAnswered() {
        var book = book(underWay: 1)
        _ = book.add(0, until: at(5), "0")
        _ = book.add(1, until: at(9), "1")
        _ = book.next()
        #expect(book.cancel(0) == "0")
        #expect(book.next() == nil)
        #expect(book.answered(0) == nil)
        #expect(book.next()?.id == 1)
    }

    @Test func asksNothingThatNobodyWants() {
        var book = book()
        _ = book.add(0, until: at(5), "0")
        _ = book.add(1, until: at(9), "1")
        #expect(book.cancel(0) == "0")
        #expect(book.cancel(0) == nil)
        #expect(book.next()?.id == 1)
        #expect(book.next() == nil)
    }

    @Test func staysSmallWhenManyAreCancelledInTheLine() {
        var book = book(underWay: 1, waiting: 4)
        _ = book.add(0, until: at(9), "0")
        _ = book.next()
        for id in 1...1000 {
            #expect(book.add(id, until: at(9), "\(id)") == true)
            #expect(book.cancel(id) == "\(id)")
        }
        #expect(book.lineLength <= 4)
    }

    @Test func tellsEverybodyAtTheEnd() {
        var book = book()
        for id in 0..<3 { _ = book.add(id, until: at(9), "\(id)") }
        _ = book.next()
        #expect(book.removeAll() == ["0", "1", "2"])
        #expect(book.nextDeadline == nil)
        #expect(book.add(3, until: at(9), "3") == true)
        #expect(book.next()?.id == 3)
    }
}
