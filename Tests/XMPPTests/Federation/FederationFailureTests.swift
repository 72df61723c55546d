import Testing

@testable import XMPP

@Suite struct FederationFailureTests {
    struct Case: Sendable {
        var failure: FederationFailure
        var isPermanent: Bool
        /// What the senders of waiting stanzas are told.
        var condition: StanzaError.Condition
        var verdict: DialbackVerdict

        init(
            _ failure: FederationFailure,
            _ isPermanent: Bool,
            _ condition: StanzaError.Condition,
            _ verdict: DialbackVerdict
        ) {
            self.failure = failure
            self.isPermanent = isPermanent
            self.condition = condition
            self.verdict = verdict
        }
    }

    static let cases = [
        Case(.blocked, true, .remoteServerNotFound, .notFound),
        Case(.unreachable("refused", isPermanent: false), false, .remoteServerTimeout, .notFound),
        Case(.unreachable("no host", isPermanent: true), true, .remoteServerNotFound, .notFound),
        Case(.tlsUnavailable, true, .remoteServerNotFound, .notFound),
        Case(.certificateUntrusted("expired"), true, .remoteServerNotFound, .notFound),
        Case(.noProofOffered, true, .remoteServerNotFound, .notFound),
        Case(
            .certificateRefused(SASLFailure(.notAuthorized)),
            true,
            .remoteServerNotFound,
            .notFound
        ),
        Case(
            .certificateRefused(SASLFailure(.temporaryAuthFailure)),
            false,
            .remoteServerTimeout,
            .notFound
        ),
        Case(.keyDenied, true, .internalServerError, .notFound),
        Case(
            .verificationFailed(StanzaError(.itemNotFound)),
            true,
            .remoteServerTimeout,
            .notFound
        ),
        Case(.tooManyPairs, false, .remoteServerTimeout, .notFound),
        Case(.streamFailed(StreamError(.hostUnknown)), true, .remoteServerNotFound, .notFound),
        Case(.streamFailed(StreamError(.systemShutdown)), false, .remoteServerTimeout, .timedOut),
        Case(.protocolViolated(StreamError(.badFormat)), true, .remoteServerNotFound, .notFound),
        Case(.closedByPeer, false, .remoteServerTimeout, .timedOut),
        Case(.timedOut, false, .remoteServerTimeout, .timedOut),
        Case(.disconnected, false, .remoteServerTimeout, .timedOut),
    ]

    @Test(arguments: cases)
    func saysWhatToDo(_ expected: Case) {
        #expect(expected.failure.isPermanent == expected.isPermanent)
        #expect(expected.failure.bounce.condition == expected.condition)
        #expect(expected.failure.bounce.text == expected.failure.summary)
        #expect(expected.failure.verdict == expected.verdict)
    }

    @Test func repeatsOnlySomeOfWhatThePeerSays() {
        let error = StreamError(.policyViolation, text: String(repeating: "a", count: 10_000))
        #expect(FederationFailure.streamFailed(error).summary.count < 300)
    }
}
