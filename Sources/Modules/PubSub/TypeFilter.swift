package import XMPP

/// Which nodes a disco request asks for, by the type of their payloads (XEP-0462 §4.2).
package struct TypeFilter: Sendable, Hashable {
    package static let namespace = "urn:xmpp:pubsub-filter:0"

    /// An empty type is that of the nodes that have none.
    private let types: Set<String>
    /// Whether the nodes of these types are wanted, or all others.
    private let includes: Bool

    /// Reads the filter of a query; nil where there is none.
    ///
    /// - Throws: `bad-request` where it can't be read, or asks for some and all but some at once.
    package init?(in query: Element) throws(StanzaError) {
        guard let filter = query.child("filter", Self.namespace) else { return nil }
        guard let form = filter.child("x", Namespace.dataForms).flatMap(DataForm.init),
            form.formType == Self.namespace
        else { throw StanzaError(.badRequest, text: "a filter holds a form of its own type") }
        switch (form["included-types"], form["excluded-types"]) {
        case (nil, nil): return nil
        case (let types?, nil): (self.types, includes) = (Set(types), true)
        case (nil, let types?): (self.types, includes) = (Set(types), false)
        case (.some, .some):
            throw StanzaError(.badRequest, text: "types are either included or excluded")
        }
    }

    /// Whether a node of that type is asked for.
    func matches(_ type: String) -> Bool { types.contains(type) == includes }
}
