/// What the namespaces of a stanza take where it is written again.
///
/// A prefix stands for a namespace of any length, and ``XMLWriter`` writes that out wherever it
/// changes: a few bytes must not become many, nor elements inside of each other more declarations
/// than whoever reads them takes.
struct WrittenNamespaces {
    /// All together, in UTF-8.
    private(set) var bytes = 0
    /// Declarations in force inside each open element of the stanza.
    private var inForce: [Int] = []

    /// Declarations in force inside the innermost open element.
    var declarations: Int { inForce.last ?? 0 }

    /// A stanza begins.
    mutating func reset() {
        bytes = 0
        inForce.removeAll(keepingCapacity: true)
    }

    mutating func enter(_ element: borrowing Element, in parent: Element?) {
        var count = declarations
        if parent?.namespace != element.namespace {
            bytes += element.namespace.utf8.count
            count += 1
        }
        var prefixed: [String] = []
        for attribute in element.attributes {
            let namespace = attribute.namespace
            guard !namespace.isEmpty, namespace != Namespace.xml, !prefixed.contains(namespace)
            else { continue }
            prefixed.append(namespace)
            bytes += namespace.utf8.count
        }
        inForce.append(count + prefixed.count)
    }

    mutating func leave() {
        _ = inForce.popLast()
    }
}
