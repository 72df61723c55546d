/// A question about what was published, by time (XEP-0313; on a pubsub node XEP-0442).
package struct ArchiveQuery: Sendable, Hashable {
    package static let namespace = "urn:xmpp:mam:2"
    /// What a service that answers lists in `disco#info`: the second for ids, flipped pages and
    /// metadata (XEP-0313 §7).
    package static let features = [namespace, "\(namespace)#extended"]
    /// Bytes of a query's own id: each result repeats it.
    package static let queryIDBytesMaximum = 256
    /// Entries that are asked for by id at once: as many as a page has.
    package static let idsMaximum = ResultSetRequest.pageMaximum

    /// Told back in every result.
    package var queryID: String?
    package var node: String?
    /// The earliest and the latest moment, both included.
    package var start: Instant?
    package var end: Instant?
    /// The publisher.
    package var with: JID?
    package var beforeID: String?
    package var afterID: String?
    /// Only these entries; nil for all.
    package var ids: [String]?
    package var resolution = Resolution.raw
    /// By what the entries are ordered; empty for the order of the archive.
    package var orders: [ItemOrder] = []
    package var page = ResultSetRequest()
    /// Whether the page is sent with its last entry first (XEP-0313 §4.3.4).
    package var isFlipped = false

    package init(node: String? = nil, queryID: String? = nil) {
        self.node = node
        self.queryID = queryID
    }

    /// How fine the answer is: each item as it was published, or aggregates of samples.
    package enum Resolution: String, Sendable, CaseIterable {
        case raw, minute, hour
    }

    /// The names of the form's fields.
    enum FieldName {
        static let start = "start"
        static let end = "end"
        static let with = "with"
        static let beforeID = "before-id"
        static let afterID = "after-id"
        static let ids = "ids"
        /// Clark notation, as XEP-0068 asks of a field of one's own.
        static let resolution = "{\(Namespace.lapwing)}resolution"
    }
}

extension ArchiveQuery {
    /// Reads the `<query/>` of a request.
    package init(_ query: Element) throws(StanzaError) {
        self.init(node: query["node"], queryID: query["queryid"])
        guard (queryID?.utf8.count ?? 0) <= Self.queryIDBytesMaximum else {
            throw StanzaError(
                .badRequest,
                text: "queryid has at most \(Self.queryIDBytesMaximum) bytes"
            )
        }
        if let form = query.child("x", Namespace.dataForms) { try read(form) }
        orders = try ItemOrder.read(in: query)
        page = try ResultSetRequest.read(in: query) ?? page
        isFlipped = query.child("flip-page") != nil
    }

    private mutating func read(_ element: Element) throws(StanzaError) {
        guard let form = DataForm(element), form.kind == .submit,
            form.formType == Self.namespace
        else {
            throw StanzaError(
                .badRequest,
                text: "the form is of type submit, its FORM_TYPE is \(Self.namespace), and it has "
                    + "at most \(DataForm.fieldsMaximum) fields"
            )
        }
        var seen: Set<String> = []
        for field in form.answers {
            guard seen.insert(field.name).inserted else {
                throw StanzaError(.badRequest, text: "the field \(field.name) is there twice")
            }
            try read(field)
        }
    }

    private mutating func read(_ field: DataForm.Field) throws(StanzaError) {
        switch field.name {
        case FieldName.start: start = try Self.instant(field)
        case FieldName.end: end = try Self.instant(field)
        case FieldName.with: with = try Self.jid(field)
        case FieldName.beforeID: beforeID = try Self.id(field)
        case FieldName.afterID: afterID = try Self.id(field)
        case FieldName.ids: ids = try Self.ids(field)
        case FieldName.resolution: resolution = try Self.resolution(field)
        default:
            // XEP-0313 §4.1.5
            throw StanzaError(
                .featureNotImplemented,
                text: "the archive has no field \(field.name.prefix(64))"
            )
        }
    }

    /// The value of a field that has one; nil where it was left empty.
    private static func text(_ field: DataForm.Field) throws(StanzaError) -> String? {
        guard field.values.count <= 1 else {
            throw StanzaError(.badRequest, text: "the field \(field.name) has one value")
        }
        return field.values.first.flatMap { $0.isEmpty ? nil : $0 }
    }

    private static func instant(_ field: DataForm.Field) throws(StanzaError) -> Instant? {
        guard let text = try text(field) else { return nil }
        guard let instant = Instant(dateTime: text) else {
            throw StanzaError(
                .badRequest,
                text: "\(field.name) is a time such as 2026-11-21T13:00:00Z"
            )
        }
        return instant
    }

    private static func jid(_ field: DataForm.Field) throws(StanzaError) -> JID? {
        guard let text = try text(field) else { return nil }
        guard let jid = try? JID(text) else {
            throw StanzaError(.jidMalformed, .modify, text: "the field with is no address")
        }
        return jid
    }

    private static func id(_ field: DataForm.Field) throws(StanzaError) -> String? {
        guard let id = try text(field) else { return nil }
        return try bounded(id, field)
    }

    private static func ids(_ field: DataForm.Field) throws(StanzaError) -> [String]? {
        guard field.values.count <= idsMaximum else {
            throw StanzaError(.badRequest, text: "at most \(idsMaximum) ids in one query")
        }
        for id in field.values { _ = try bounded(id, field) }
        return field.values.isEmpty ? nil : field.values
    }

    private static func bounded(
        _ id: String,
        _ field: DataForm.Field
    ) throws(StanzaError) -> String {
        guard id.utf8.count <= ResultSetRequest.idBytesMaximum else {
            throw StanzaError(
                .badRequest,
                text: "\(field.name) has at most \(ResultSetRequest.idBytesMaximum) bytes"
            )
        }
        return id
    }

    private static func resolution(_ field: DataForm.Field) throws(StanzaError) -> Resolution {
        guard let text = try text(field) else { return .raw }
        guard let resolution = Resolution(rawValue: text) else {
            let names = Resolution.allCases.map(\.rawValue).joined(separator: ", ")
            throw StanzaError(.badRequest, text: "the resolution is one of \(names)")
        }
        return resolution
    }
}
