/// The namespace declarations in force at one point of a document.
struct NamespaceScope: Sendable {
    /// One declaration; the prefix is empty for the default namespace.
    struct Binding: Sendable, Hashable {
        var prefix: String
        /// Empty where the default namespace is taken back.
        var namespace: String
        /// How many elements are open where it was declared, its own included.
        var depth: Int
    }

    private(set) var bindings: [Binding] = []

    mutating func declare(_ prefix: String, _ namespace: String, depth: Int) {
        bindings.append(Binding(prefix: prefix, namespace: namespace, depth: depth))
    }

    /// Forgets what the element that ends at `depth` had declared.
    mutating func leave(depth: Int) {
        while let last = bindings.last, last.depth >= depth { bindings.removeLast() }
    }

    /// What the element at `depth` inherits and does not declare itself.
    ///
    /// It is the innermost declaration of each prefix. The default namespace is always among them,
    /// empty if nobody declared one.
    func inherited(at depth: Int) -> [Binding] {
        var seen: [String] = []
        var result: [Binding] = []
        for binding in bindings.reversed() where !seen.contains(binding.prefix) {
            seen.append(binding.prefix)
            if binding.depth < depth { result.append(binding) }
        }
        if !seen.contains("") { result.append(Binding(prefix: "", namespace: "", depth: 0)) }
        return result
    }

    /// The namespace of names without a prefix.
    var defaultNamespace: String {
        bindings.last { $0.prefix.isEmpty }?.namespace ?? ""
    }
}
