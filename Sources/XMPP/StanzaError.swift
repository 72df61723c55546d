/// What went wrong with one stanza, told to who sent it (RFC 6120 §8.3).
package struct StanzaError: Error, Sendable, Hashable {
    /// The defined conditions (RFC 6120 §8.3.3), by their names on the wire.
    package enum Condition: String, Sendable, CaseIterable {
        case badRequest = "bad-request"
        case conflict
        case featureNotImplemented = "feature-not-implemented"
        case forbidden
        case gone
        case internalServerError = "internal-server-error"
        case itemNotFound = "item-not-found"
        case jidMalformed = "jid-malformed"
        case notAcceptable = "not-acceptable"
        case notAllowed = "not-allowed"
        case notAuthorized = "not-authorized"
        case paymentRequired = "payment-required"
        case policyViolation = "policy-violation"
        case recipientUnavailable = "recipient-unavailable"
        case redirect
        case registrationRequired = "registration-required"
        case remoteServerNotFound = "remote-server-not-found"
        case remoteServerTimeout = "remote-server-timeout"
        case resourceConstraint = "resource-constraint"
        case serviceUnavailable = "service-unavailable"
        case subscriptionRequired = "subscription-required"
        case undefinedCondition = "undefined-condition"
        case unexpectedRequest = "unexpected-request"
    }

    /// What the sender can do about it (RFC 6120 §8.3.2).
    package enum Kind: String, Sendable, CaseIterable {
        case auth, cancel, `continue`, modify, wait
    }

    package var condition: Condition
    package var kind: Kind
    package var text: String?
    /// Where to turn instead, of `gone` and `redirect` (RFC 6120 §8.3.3.5, §8.3.3.14).
    package var address: String?
    /// An application's own condition beside the defined one (RFC 6120 §8.3.4).
    package var detail: Element?

    /// The kind defaults to the one that RFC 6120 recommends for the condition.
    package init(
        _ condition: Condition,
        _ kind: Kind? = nil,
        text: String? = nil,
        address: String? = nil,
        detail: Element? = nil
    ) {
        self.condition = condition
        self.kind = kind ?? condition.usualKind
        self.text = text
        self.address = address
        self.detail = detail
    }
}

extension StanzaError.Condition {
    /// The error type that RFC 6120 §8.3.3 names for the condition.
    package var usualKind: StanzaError.Kind {
        switch self {
        case .forbidden, .notAuthorized, .registrationRequired, .subscriptionRequired: .auth
        case .badRequest, .jidMalformed, .notAcceptable, .policyViolation, .redirect: .modify
        case .recipientUnavailable, .remoteServerTimeout, .resourceConstraint, .unexpectedRequest:
            .wait
        case .conflict, .featureNotImplemented, .gone, .internalServerError, .itemNotFound,
            .notAllowed, .paymentRequired, .remoteServerNotFound, .serviceUnavailable,
            .undefinedCondition:
            .cancel
        }
    }
}

extension StanzaError {
    /// The `<error/>` child, in the stanza's namespace.
    package var element: Element {
        var error = Element("error", Namespace.client, attributes: [.init("type", kind.rawValue)])
        error.append(
            address.map { Element(condition.rawValue, Namespace.stanzaErrors, text: $0) }
                ?? Element(condition.rawValue, Namespace.stanzaErrors)
        )
        if let text { error.append(Element("text", Namespace.stanzaErrors, text: text)) }
        if let detail { error.append(detail) }
        return error
    }

    /// Reads the `<error/>` of a stanza of type error; what is unknown becomes
    /// `undefined-condition`, as RFC 6120 §8.3.3 asks.
    package init(reading error: Element) {
        var condition: Condition?
        var text: String?
        var address: String?
        var detail: Element?
        for child in error.elements {
            if child.namespace != Namespace.stanzaErrors {
                detail = detail ?? child
            } else if child.name == "text" {
                text = child.text
            } else if condition == nil {
                condition = Condition(rawValue: child.name)
                address = child.text.isEmpty ? nil : child.text
            }
        }
        self.init(
            condition ?? .undefinedCondition,
            error["type"].flatMap(Kind.init(rawValue:)),
            text: text,
            address: address,
            detail: detail
        )
    }
}
