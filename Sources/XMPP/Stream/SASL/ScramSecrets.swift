/// What a server keeps of a password for one hash (RFC 5802 §3): enough to check a proof, not
/// enough to make one.
package struct ScramSecrets: Sendable, Hashable {
    package var salt: [UInt8]
    package var iterations: Int
    package var storedKey: [UInt8]
    package var serverKey: [UInt8]

    package init(salt: [UInt8], iterations: Int, storedKey: [UInt8], serverKey: [UInt8]) {
        self.salt = salt
        self.iterations = iterations
        self.storedKey = storedKey
        self.serverKey = serverKey
    }

    /// Rounds of PBKDF2 for a password set now (XEP-0438 §7).
    package static let iterationsDefault = 10_000
    /// Fewer than this many rounds are no obstacle (RFC 7677 §4).
    package static let iterationsMin = 4096
    /// Bytes of salt; nobody shares one by chance.
    package static let saltBytes = 16

    /// The secrets of a password; costs `iterations` rounds of PBKDF2, some milliseconds.
    package static func derive(
        password: Password,
        salt: [UInt8] = Random.bytes(saltBytes),
        iterations: Int = iterationsDefault,
        hash: Digest
    ) -> Self {
        let keys = ScramKeys(password: password, salt: salt, iterations: iterations, hash: hash)
        return Self(
            salt: salt,
            iterations: iterations,
            storedKey: hash.hash(keys.clientKey),
            serverKey: keys.serverKey
        )
    }
}

/// The secrets of one account: each hash has its own salt (XEP-0438 §6.2).
package struct ScramCredentials: Sendable, Hashable {
    package var sha1: ScramSecrets
    package var sha256: ScramSecrets

    package init(sha1: ScramSecrets, sha256: ScramSecrets) {
        self.sha1 = sha1
        self.sha256 = sha256
    }

    /// The secrets for a password set now; costs twice `iterations` rounds of PBKDF2.
    package static func derive(
        password: Password,
        iterations: Int = ScramSecrets.iterationsDefault
    ) -> Self {
        Self(
            sha1: .derive(password: password, iterations: iterations, hash: .sha1),
            sha256: .derive(password: password, iterations: iterations, hash: .sha256)
        )
    }

    /// Those for one hash; nil for a hash that no mechanism uses.
    package subscript(_ digest: Digest) -> ScramSecrets? {
        switch digest {
        case .sha1: sha1
        case .sha256: sha256
        case .sha512: nil
        }
    }
}

/// What a client makes of its password for one server's salt (RFC 5802 §3).
///
/// As good as the password for that server, so it stays in memory.
package struct ScramKeys: Sendable, Hashable {
    package let hash: Digest
    package let salt: [UInt8]
    package let iterations: Int
    let clientKey: [UInt8]
    let serverKey: [UInt8]

    /// Costs `iterations` rounds of PBKDF2.
    package init(password: Password, salt: [UInt8], iterations: Int, hash: Digest) {
        self.hash = hash
        self.salt = salt
        self.iterations = iterations
        let salted = PBKDF2.key(
            hash,
            password: password.bytes,
            salt: salt,
            iterations: iterations
        )
        clientKey = HMAC.code(hash, key: salted, Array("Client Key".utf8))
        serverKey = HMAC.code(hash, key: salted, Array("Server Key".utf8))
    }
}

/// A password shown by PLAIN, to be held against what is stored.
package struct PlainAttempt: Sendable, Hashable {
    let password: Password
    let secrets: ScramSecrets

    /// Whether it is the account's password; costs PBKDF2, some milliseconds.
    package func isCorrect() -> Bool {
        let given = ScramSecrets.derive(
            password: password,
            salt: secrets.salt,
            iterations: secrets.iterations,
            hash: .sha256
        )
        return constantTimeEqual(given.storedKey, secrets.storedKey)
    }
}

/// Secrets for accounts that do not exist, so that nobody can tell them from those that do: the
/// same name gets the same salt every time (RFC 5802 §9).
package struct ScramPretence: Sendable, Hashable {
    /// At least 16 random bytes that only the server knows, and keeps across restarts.
    package var key: [UInt8]
    /// What the accounts that exist have.
    package var iterations: Int

    package init(key: [UInt8], iterations: Int = ScramSecrets.iterationsDefault) {
        self.key = key
        self.iterations = iterations
    }

    /// Secrets that no password fits.
    package func secrets(for account: JID, hash: Digest) -> ScramSecrets {
        func part(_ name: String, _ digest: Digest) -> [UInt8] {
            HMAC.code(digest, key: key, Array("\(name) \(hash) \(account)".utf8))
        }
        return ScramSecrets(
            salt: Array(part("salt", .sha256).prefix(ScramSecrets.saltBytes)),
            iterations: iterations,
            storedKey: part("stored", hash),
            serverKey: part("server", hash)
        )
    }
}

/// What a look-up of an account's secrets brought.
package enum CredentialsAnswer: Sendable, Equatable {
    case found(ScramCredentials)
    case unknownAccount
    /// The store cannot say now: the client hears `temporary-auth-failure`.
    case unavailable
}
