/// Points in order of time, of which the oldest gives way when there is no more room.
struct Ring: Sendable {
    private let capacity: Int
    private var times: [Int64] = []
    private var values: [Float] = []
    /// Where the oldest stands once the ring is full.
    private var oldest = 0

    init(capacity: Int) {
        self.capacity = max(capacity, 1)
    }

    /// A value at a moment; not a number where from then on nothing is known.
    struct Point: Sendable {
        /// Milliseconds since 1970 UTC.
        var time: Int64
        var value: Float

        var isGap: Bool { value.isNaN }
    }

    var count: Int { times.count }

    var first: Point? { times.isEmpty ? nil : self[0] }
    var last: Point? { times.isEmpty ? nil : self[times.count - 1] }

    /// All points, oldest first.
    var points: [Point] { (0..<count).map { self[$0] } }

    /// The point at a position, counted from the oldest; the position must be one of the ring's.
    subscript(_ position: Int) -> Point {
        let index = (oldest + position) % times.count
        return Point(time: times[index], value: values[index])
    }

    /// Adds a point that is newer than all others; returns the one that gave way for it.
    @discardableResult
    mutating func append(_ point: Point) -> Point? {
        guard times.count >= capacity else {
            times.append(point.time)
            values.append(point.value)
            return nil
        }
        let former = Point(time: times[oldest], value: values[oldest])
        times[oldest] = point.time
        values[oldest] = point.value
        oldest = (oldest + 1) % capacity
        return former
    }

    /// Gives the newest point another value.
    mutating func setLast(_ value: Float) {
        guard !values.isEmpty else { return }
        values[(oldest + values.count - 1) % values.count] = value
    }
}
