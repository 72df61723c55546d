import Filter
import Testing

struct TruthTests {
    @Test(arguments: [(Truth.yes, Truth.no), (.no, .yes), (.unknown, .unknown)])
    func notOfUnknownIsUnknown(_ truth: Truth, _ opposite: Truth) {
        #expect(!truth == opposite)
    }
}
