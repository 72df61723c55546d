import CExpat

/// What the namespaces of a stanza take where it is written again.
///
/// A prefix stands for a namespace of any length, and ``XMLWriter`` writes that out wherever it
/// changes: a few bytes must not become many, nor elements inside of each other more declarations
/// than whoever reads them takes.
struct WrittenNamespaces {
    /// All together, in UTF-8.
    private(set) var bytes = 0
    /// An open element of the stanza: where its namespace is in `text`, and the declarations in
    /// force inside.
    private struct Open {
        let start: Int
        let end: Int
        let declarations: Int
    }

    private var open: [Open] = []
    /// The namespaces of the open elements, those apart that are their parents' as well.
    private var text: [UInt8] = []

    /// Declarations in force inside the innermost open element.
    var declarations: Int { open.last?.declarations ?? 0 }

    /// A stanza begins.
    mutating func reset() {
        bytes = 0
        open.removeAll(keepingCapacity: true)
        text.removeAll(keepingCapacity: text.capacity <= 4096)
    }

    /// An element begins; `name` is as expat reports it.
    mutating func enter(_ name: UnsafePointer<CChar>, _ attributes: borrowing AttributeList) {
        let name = UnsafeRawBufferPointer(start: name, count: lapwing_length(name))
        let end = lapwing_find(name.baseAddress, name.count, NameCache.separator)
        // Without a separator it is in none.
        let namespace = UnsafeRawBufferPointer(rebasing: name.prefix(end < name.count ? end : 0))
        var count = declarations
        if let last = open.last, text[last.start..<last.end].elementsEqual(namespace) {
            open.append(last)
        } else {
            bytes += namespace.count
            count += 1
            let start = text.count
            text += namespace
            open.append(Open(start: start, end: text.count, declarations: count))
        }
        let prefixed = attributes.namespaces
        guard !prefixed.isEmpty, let own = open.popLast() else { return }
        bytes += prefixed.reduce(0) { $0 + $1.utf8.count }
        open.append(
            Open(start: own.start, end: own.end, declarations: count + prefixed.count)
        )
    }

    mutating func leave() {
        guard let last = open.popLast() else { return }
        let kept = open.last?.end ?? 0
        if last.end > kept { text.removeLast(last.end - kept) }
    }
}
