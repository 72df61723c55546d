/// What ended a whole stream (RFC 6120 §4.9).
package struct StreamError: Error, Sendable, Hashable {
    /// The defined conditions (RFC 6120 §4.9.3), by their names on the wire.
    package enum Condition: String, Sendable, CaseIterable {
        case badFormat = "bad-format"
        case badNamespacePrefix = "bad-namespace-prefix"
        case conflict
        case connectionTimeout = "connection-timeout"
        case hostGone = "host-gone"
        case hostUnknown = "host-unknown"
        case improperAddressing = "improper-addressing"
        case internalServerError = "internal-server-error"
        case invalidFrom = "invalid-from"
        case invalidNamespace = "invalid-namespace"
        case invalidXML = "invalid-xml"
        case notAuthorized = "not-authorized"
        case notWellFormed = "not-well-formed"
        case policyViolation = "policy-violation"
        case remoteConnectionFailed = "remote-connection-failed"
        case reset
        case resourceConstraint = "resource-constraint"
        case restrictedXML = "restricted-xml"
        case seeOtherHost = "see-other-host"
        case systemShutdown = "system-shutdown"
        case undefinedCondition = "undefined-condition"
        case unsupportedEncoding = "unsupported-encoding"
        case unsupportedFeature = "unsupported-feature"
        case unsupportedStanzaType = "unsupported-stanza-type"
        case unsupportedVersion = "unsupported-version"
    }

    package var condition: Condition
    package var text: String?
    /// An application's own condition beside the defined one (RFC 6120 §4.9.4).
    package var detail: Element?

    package init(_ condition: Condition, text: String? = nil, detail: Element? = nil) {
        self.condition = condition
        self.text = text
        self.detail = detail
    }

    /// The `<stream:error/>` element.
    package var element: Element {
        var error = Element("error", Namespace.streams)
        error.append(Element(condition.rawValue, Namespace.streamErrors))
        if let text { error.append(Element("text", Namespace.streamErrors, text: text)) }
        if let detail { error.append(detail) }
        return error
    }

    /// Reads a `<stream:error/>`; an unknown condition becomes `undefined-condition`.
    package init(reading error: Element) {
        let children = error.elements.filter { $0.namespace == Namespace.streamErrors }
        self.init(
            children.lazy.compactMap { Condition(rawValue: $0.name) }.first ?? .undefinedCondition,
            text: children.first { $0.name == "text" }?.text,
            detail: error.elements.first { $0.namespace != Namespace.streamErrors }
        )
    }
}
