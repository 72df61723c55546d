import Testing

@testable import XMPP

/// The vectors of RFC 5802 §5 and RFC 7677 §3, and the same exchanges with channel binding, whose
/// values were computed apart from this code.
@Suite struct ScramVectorTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        var mechanism: SASLMechanism
        var binding: ScramClient.Binding = .unsupported
        var salt: String
        var clientNonce: String
        var serverNonce: String
        var clientFirst: String
        var serverFirst: String
        var clientFinal: String
        var serverFinal: String
        var testDescription: String { clientFirst }
    }

    private static let data: [UInt8] = Array(0..<32)

    static let all: [Vector] = [
        Vector(
            mechanism: .scramSHA1,
            salt: "QSXCR+Q6sek8bf92",
            clientNonce: "fyko+d2lbbFgONRv9qkxdawL",
            serverNonce: "3rfcNHYJY1ZVvWVs7j",
            clientFirst: "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
            serverFirst: "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
                + "s=QSXCR+Q6sek8bf92,i=4096",
            clientFinal: "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
                + "p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
            serverFinal: "v=rmF9pqV8S7suAoZWja4dJRkFsKQ="
        ),
        Vector(
            mechanism: .scramSHA256,
            salt: "W22ZaJ0SNY7soEsUEjb6gQ==",
            clientNonce: "rOprNGfwEbeRWgbNEkqO",
            serverNonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
            clientFirst: "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
            serverFirst: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                + "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            clientFinal: "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                + "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
            serverFinal: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
        ),
        Vector(
            mechanism: .scramSHA1Plus,
            binding: .bound(.tlsExporter, data),
            salt: "QSXCR+Q6sek8bf92",
            clientNonce: "fyko+d2lbbFgONRv9qkxdawL",
            serverNonce: "3rfcNHYJY1ZVvWVs7j",
            clientFirst: "p=tls-exporter,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
            serverFirst: "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
                + "s=QSXCR+Q6sek8bf92,i=4096",
            clientFinal: "c=cD10bHMtZXhwb3J0ZXIsLAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f,"
                + "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
                + "p=i0z2xFi+ITaJvbLXpcWyruGx26U=",
            serverFinal: "v=YgmPUhdXTCPY9I7+PKzEdnp1cdo="
        ),
        Vector(
            mechanism: .scramSHA256Plus,
            binding: .bound(.tlsServerEndPoint, data),
            salt: "W22ZaJ0SNY7soEsUEjb6gQ==",
            clientNonce: "rOprNGfwEbeRWgbNEkqO",
            serverNonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
            clientFirst: "p=tls-server-end-point,,n=user,r=rOprNGfwEbeRWgbNEkqO",
            serverFirst: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                + "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            clientFinal: "c=cD10bHMtc2VydmVyLWVuZC1wb2ludCwsAAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
                + "GBkaGxwdHh8=,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                + "p=nY1Wus9a+gM2DrbQ1msXFgyhW6KM5ktOxWiU+/P/EGY=",
            serverFinal: "v=RwppMGddhz/J0lFYaRReBjXcQeNUFP5Qc76Lo5Exrig="
        ),
        Vector(
            mechanism: .scramSHA256,
            binding: .notOffered,
            salt: "W22ZaJ0SNY7soEsUEjb6gQ==",
            clientNonce: "rOprNGfwEbeRWgbNEkqO",
            serverNonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
            clientFirst: "y,,n=user,r=rOprNGfwEbeRWgbNEkqO",
            serverFirst: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                + "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            clientFinal: "c=eSws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                + "p=FoqiHTtQEDE8lz1CdaEe3tK4mS+iMDTl77SPyDS53DY=",
            serverFinal: "v=dI4KpiQJwBr1+V+K6U1dA6l6I4I9DUNXWND4pcpRU3U="
        ),
    ]

    @Test(arguments: all)
    func clientSpeaksTheVector(_ vector: Vector) throws {
        var client = ScramClient(
            try #require(vector.mechanism.digest),
            username: "user",
            password: try Password("pencil"),
            binding: vector.binding,
            nonce: vector.clientNonce
        )
        #expect(client.initialResponse == Array(vector.clientFirst.utf8))
        let final = try client.received(Array(vector.serverFirst.utf8))
        #expect(String(decoding: final, as: UTF8.self) == vector.clientFinal)
        #expect(try client.received(Array(vector.serverFinal.utf8)) == [])
        #expect(client.isComplete)
    }

    @Test(arguments: all)
    func serverSpeaksTheVector(_ vector: Vector) throws {
        var bindings = ChannelBindings.none
        if case .bound(let type, let data) = vector.binding {
            if type == .tlsExporter {
                bindings.exporter = data
            } else {
                bindings.serverEndPoint = data
            }
        }
        var server = try #require(
            ScramServer(
                vector.mechanism,
                channel: .init(isOffered: vector.mechanism.bindsChannel, bindings: bindings)
            )
        )
        let account = try JID("user@example.org")
        #expect(
            try server.received(Array(vector.clientFirst.utf8), as: .account(of: "example.org"))
                == .lookUp(account)
        )
        let challenge = server.found(
            try Self.credentials(salt: vector.salt),
            pretence: Fixture.pretence,
            token: vector.serverNonce
        )
        #expect(challenge == Array(vector.serverFirst.utf8))
        #expect(
            try server.received(Array(vector.clientFinal.utf8), as: .account(of: "example.org"))
                == .succeed(Array(vector.serverFinal.utf8), account)
        )
    }

    @Test func derivesTheKeysOfTheVectors() throws {
        let salt = try #require(Base64.decode("QSXCR+Q6sek8bf92"))
        let sha1 = ScramSecrets.derive(
            password: try Password("pencil"),
            salt: salt,
            iterations: 4096,
            hash: .sha1
        )
        #expect(Base64.encode(sha1.storedKey) == "6dlGYMOdZcOPutkcNY8U2g7vK9Y=")
        #expect(Base64.encode(sha1.serverKey) == "D+CSWLOshSulAsxiupA+qs2/fTE=")
    }

    private static func credentials(salt: String) throws -> ScramCredentials {
        let salt = try #require(Base64.decode(salt))
        let password = try Password("pencil")
        return ScramCredentials(
            sha1: .derive(password: password, salt: salt, iterations: 4096, hash: .sha1),
            sha256: .derive(password: password, salt: salt, iterations: 4096, hash: .sha256)
        )
    }
}

/// What each side refuses.
@Suite struct ScramTests {
    private static func failure(
        _ message: String,
        _ mechanism: SASLMechanism = .scramSHA1,
        offered: Bool = false,
        bindings: ChannelBindings = .none
    ) throws -> SASLFailure.Condition? {
        var server = try #require(
            ScramServer(mechanism, channel: .init(isOffered: offered, bindings: bindings))
        )
        do throws(SASLFailure) {
            _ = try server.received(Array(message.utf8), as: .account(of: "example.org"))
            return nil
        } catch {
            return error.condition
        }
    }

    @Test(arguments: [
        "", ",", "n", "n,", "n,,", "n,,n=user", "n,,r=abc", "n,,n=,r=abc", "n,,n=user,r=",
        "n,,n=us=er,r=abc", "n,,n=us=2,r=abc", "n,,r=abc,n=user", "x,,n=user,r=abc",
        "p=,,n=user,r=abc", "n,a=,n=user,r=abc", "n,b=c,n=user,r=abc", "n,,n=user,r=a b",
        "n,,n=user,r=a\u{E9}", "n,,m=x,n=user,r=abc", "n,,n=user,r=abc,m=x", "n,,n=user,r=abc,",
        "p=tls-exporter,,n=user,r=abc",
    ])
    func refusesAMalformedFirstMessage(_ message: String) throws {
        #expect(try Self.failure(message) == .malformedRequest)
    }

    @Test(arguments: ["n,,n=user,r=abc", "n,,n=user,r=abc,e=x,f=y", "y,,n=user,r=abc"])
    func acceptsAFirstMessage(_ message: String) throws {
        #expect(try Self.failure(message) == nil)
    }

    @Test func refusesAFalseClaimThatNothingWasOffered() throws {
        #expect(
            try Self.failure("y,,n=user,r=abc", offered: true, bindings: Fixture.bindings)
                == .notAuthorized
        )
    }

    @Test func acceptsAClientThatCannotBindWhereBindingIsOffered() throws {
        #expect(
            try Self.failure("n,,n=user,r=abc", offered: true, bindings: Fixture.bindings) == nil
        )
    }

    @Test(arguments: ["n,,n=user,r=abc", "y,,n=user,r=abc"])
    func refusesABoundMechanismWithoutABinding(_ message: String) throws {
        let condition = try Self.failure(
            message,
            .scramSHA1Plus,
            offered: true,
            bindings: Fixture.bindings
        )
        #expect(condition == .malformedRequest)
    }

    @Test(arguments: ["tls-unique", "tls-carrier-pigeon"])
    func refusesABindingThatItHasNoDataFor(_ type: String) throws {
        let condition = try Self.failure(
            "p=\(type),,n=user,r=abc",
            .scramSHA1Plus,
            offered: true,
            bindings: ChannelBindings(exporter: [1])
        )
        #expect(condition == .notAuthorized)
    }

    @Test(arguments: [
        ("n,a=user@example.org,n=user,r=abc", nil),
        ("n,a=USER@EXAMPLE.ORG,n=user,r=abc", nil),
        ("n,a=admin@example.org,n=user,r=abc", SASLFailure.Condition.invalidAuthzid),
        ("n,a=user@example.org/desk,n=user,r=abc", .invalidAuthzid),
        ("n,a=user,n=user,r=abc", .invalidAuthzid),
        ("n,a=@,n=user,r=abc", .invalidAuthzid),
        ("n,,n=us@er,r=abc", .notAuthorized),
    ])
    func letsNobodyActAsAnother(
        _ message: String,
        _ condition: SASLFailure.Condition?
    ) throws {
        #expect(try Self.failure(message) == condition)
    }

    @Test func readsACommaAfterWhichACombiningMarkStands() {
        // As characters, the comma and the mark are one, and the field would never end.
        let first = ScramClientFirst(reading: Array("n,,n=user,\u{301}=x,r=abc".utf8))
        #expect(first == nil)
    }

    @Test func putsCommasAndEqualsSignsBack() {
        let sent = ScramClientFirst(flag: .unsupported, username: "a,b=c", nonce: "abc")
        #expect(String(decoding: sent.bytes, as: UTF8.self) == "n,,n=a=2Cb=3Dc,r=abc")
        #expect(ScramClientFirst(reading: sent.bytes)?.username == "a,b=c")
    }

    @Test func limitsTheNonce() {
        let max = ScramClientFirst.nonceCharactersMax
        let fits = String(repeating: "x", count: max)
        #expect(ScramClientFirst(reading: Array("n,,n=user,r=\(fits)".utf8)) != nil)
        #expect(ScramClientFirst(reading: Array("n,,n=user,r=\(fits)x".utf8)) == nil)
    }

    @Test func pretendsTheSameSaltForTheSameName() throws {
        let nobody = try JID("nobody@example.org")
        let first = Fixture.pretence.secrets(for: nobody, hash: .sha256)
        #expect(first == Fixture.pretence.secrets(for: nobody, hash: .sha256))
        #expect(first.salt.count == ScramSecrets.saltBytes)
        #expect(first.storedKey.count == 32)
        let other = Fixture.pretence.secrets(for: try JID("no@example.org"), hash: .sha256)
        #expect(first.salt != other.salt)
        #expect(first.salt != Fixture.pretence.secrets(for: nobody, hash: .sha1).salt)
        #expect(first.salt != ScramPretence(key: [1]).secrets(for: nobody, hash: .sha256).salt)
    }

    @Test(arguments: [
        ("r=abcdef,s=QSXCR+Q6sek8bf92,i=4096", nil),
        ("r=abcdef,s=QSXCR+Q6sek8bf92,i=4095", ScramClientError.tooFewIterations),
        ("r=abcdef,s=QSXCR+Q6sek8bf92,i=1000001", .tooManyIterations),
        ("r=abcdef,s=QSXCR+Q6sek8bf92,i=-1", .tooFewIterations),
        ("r=abcdef,s=QSXCR+Q6sek8bf92,i=99999999999999999999", .malformed),
        ("r=abc,s=QSXCR+Q6sek8bf92,i=4096", .nonceChanged),
        ("r=xyzdef,s=QSXCR+Q6sek8bf92,i=4096", .nonceChanged),
        ("r=abcdef,s=,i=4096", .malformed),
        ("r=abcdef,s=!,i=4096", .malformed),
        ("r=abcdef,i=4096", .malformed),
        ("m=x,r=abcdef,s=QSXCR+Q6sek8bf92,i=4096", .malformed),
        ("e=other-error", .malformed),
        ("", .malformed),
    ])
    func clientChecksTheChallenge(_ message: String, _ wanted: ScramClientError?) throws {
        var client = try Self.client()
        do throws(ScramClientError) {
            _ = try client.received(Array(message.utf8))
            #expect(wanted == nil)
        } catch {
            #expect(error == wanted)
        }
    }

    @Test(arguments: [
        ("v=AAAAAAAAAAAAAAAAAAAAAAAAAAA=", ScramClientError.signatureWrong),
        ("v=", .signatureWrong), ("v=!", .malformed), ("e=invalid-proof", .malformed),
    ])
    func clientChecksTheProof(_ message: String, _ wanted: ScramClientError) throws {
        var client = try Self.client()
        _ = try client.received(Array("r=abcdef,s=QSXCR+Q6sek8bf92,i=4096".utf8))
        #expect(throws: wanted) { try client.received(Array(message.utf8)) }
        #expect(!client.isComplete)
    }

    private static func client() throws -> ScramClient {
        ScramClient(
            .sha1,
            username: "user",
            password: try Password("pencil"),
            binding: .unsupported,
            nonce: "abc"
        )
    }

    @Test func limitsThePassword() throws {
        let max = Password.charactersMax
        #expect(try Password(String(repeating: "x", count: max)).bytes.count == max)
        #expect(throws: PasswordError.tooLong) {
            try Password(String(repeating: "x", count: max + 1))
        }
        #expect(throws: PasswordError.unusable) { try Password("") }
    }

    @Test(arguments: [
        ("\0alice\0pencil", true), ("a@b\0alice\0pencil", true), ("alice\0pencil", false),
        ("\0\0pencil", false), ("\0alice\0", false), ("\0alice\0pen\0cil", false), ("", false),
    ])
    func readsPlain(_ message: String, _ isOne: Bool) {
        #expect((PlainMessage(reading: Array(message.utf8)) != nil) == isOne)
    }
}
