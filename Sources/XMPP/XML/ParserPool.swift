/// Lends parsers to streams that are in the middle of something, so that an idle stream holds none:
/// an expat parser has 11 KiB once it has seen a few stanzas.
///
/// Streams whose headers declare the same namespaces leave a parser in the same state, so one
/// stream goes on with another's parser as it is; only for other declarations is one primed anew.
/// Owned by one event loop, with all the parsers that borrow from it.
package final class ParserPool {
    /// Parsers kept for the next who needs one: as many streams as may be in the middle of a stanza
    /// at the same time, give or take.
    package static let capacity = 64

    let names = NameCache()
    /// The last returned at the end.
    private var idle: [ExpatReader] = []

    package init() {}

    /// How many parsers wait here.
    package var idleCount: Int { idle.count }

    /// A parser that stands behind the header of `context`, or before one.
    func borrow(_ context: StreamContext?, limits: XMLLimits) throws(StreamError) -> ExpatReader {
        guard let context else {
            return try ExpatReader(.stream, names: names, limits: limits)
        }
        if let index = idle.lastIndex(where: { $0.primer == context.primer }) {
            let reader = idle.remove(at: index)
            reader.resume(context)
            return reader
        }
        let reader = try ExpatReader(.stream, names: names, limits: limits)
        try reader.prime(context)
        return reader
    }

    /// Takes back a parser that is at rest.
    func giveBack(_ reader: ExpatReader) {
        assert(reader.isAtRest)
        guard !reader.isWorn else { return }
        if idle.count >= Self.capacity { idle.removeFirst() }
        idle.append(reader)
    }
}
