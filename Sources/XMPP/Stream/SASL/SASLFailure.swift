/// Why an attempt to authenticate failed, as told on the wire (RFC 6120 §6.5).
package struct SASLFailure: Error, Sendable, Hashable {
    /// The defined conditions (RFC 6120 §6.5).
    package enum Condition: String, Sendable, CaseIterable {
        case aborted
        case accountDisabled = "account-disabled"
        case credentialsExpired = "credentials-expired"
        case encryptionRequired = "encryption-required"
        case incorrectEncoding = "incorrect-encoding"
        case invalidAuthzid = "invalid-authzid"
        case invalidMechanism = "invalid-mechanism"
        case malformedRequest = "malformed-request"
        case mechanismTooWeak = "mechanism-too-weak"
        case notAuthorized = "not-authorized"
        case temporaryAuthFailure = "temporary-auth-failure"
    }

    package var condition: Condition
    package var text: String?

    package init(_ condition: Condition, text: String? = nil) {
        self.condition = condition
        self.text = text
    }

    /// The `<failure/>` element.
    package var element: Element {
        var failure = Element("failure", Namespace.sasl)
        failure.append(Element(condition.rawValue, Namespace.sasl))
        if let text {
            // RFC 6120 §6.5 wants the language said.
            var note = Element("text", Namespace.sasl, text: text)
            note.attributes.append(.init("lang", "en", namespace: Namespace.xml))
            failure.append(note)
        }
        return failure
    }

    /// Reads a `<failure/>`; an unknown condition counts as `not-authorized`, which is what a
    /// client can do about it.
    package init(reading failure: Element) {
        let children = failure.elements.filter { $0.namespace == Namespace.sasl }
        self.init(
            children.lazy.compactMap { Condition(rawValue: $0.name) }.first ?? .notAuthorized,
            text: children.first { $0.name == "text" }?.text
        )
    }
}
