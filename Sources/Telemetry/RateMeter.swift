/// Turns a counter into a rate per second.
///
/// There is no rate for the first reading, for one whose interval is not known, and for one that
/// is smaller than the last: the source restarted or wrapped, and how far it had come is not known.
package struct RateMeter: Sendable, Hashable {
    private var last: UInt64?

    package init() {}

    /// The rate since the reading before; nil where there is none.
    package mutating func rate(_ counter: UInt64?, over seconds: Double?) -> Double? {
        let before = last
        last = counter
        guard let counter, let before, let seconds, seconds > 0, counter >= before else {
            return nil
        }
        return Double(counter - before) / seconds
    }
}
