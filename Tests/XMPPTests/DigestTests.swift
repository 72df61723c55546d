import Testing
import XMPP

struct DigestTests {
    @Test func hashes() {
        let abc = Array("abc".utf8)
        #expect(Hex.encode(Digest.sha1(abc)) == "a9993e364706816aba3e25717850c26c9cd0d89d")
        #expect(
            Hex.encode(Digest.sha256(abc))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        )
        #expect(
            Hex.encode(Digest.sha512(abc)).hasPrefix("ddaf35a193617abacc417349ae204131")
        )
        #expect(Hex.encode(Digest.sha1([])) == "da39a3ee5e6b4b0d3255bfef95601890afd80709")
        for digest in Digest.allCases { #expect(digest.hash(abc).count == digest.byteCount) }
    }

    /// RFC 4231 §4.3.
    @Test func authenticates() {
        let code = HMAC.code(
            .sha256,
            key: Array("Jefe".utf8),
            Array("what do ya want for nothing?".utf8)
        )
        #expect(
            Hex.encode(code) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        )
        #expect(HMAC.code(.sha1, key: [], []).count == 20)
    }

    /// RFC 6070 §2 and RFC 7914 §11.
    @Test func derivesKeys() {
        let password = Array("password".utf8)
        let salt = Array("salt".utf8)
        #expect(
            Hex.encode(PBKDF2.key(.sha1, password: password, salt: salt, iterations: 4096))
                == "4b007901b765489abead49d926f721d065a429c1"
        )
        let key = PBKDF2.key(
            .sha256,
            password: Array("passwd".utf8),
            salt: salt,
            iterations: 1
        )
        #expect(
            Hex.encode(key) == "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
        )
    }

    @Test func comparesSecrets() {
        #expect(constantTimeEqual([1, 2, 3], [1, 2, 3]))
        #expect(constantTimeEqual([], []))
        #expect(!constantTimeEqual([1, 2, 3], [1, 2, 4]))
        #expect(!constantTimeEqual([1, 2, 3], [1, 2]))
    }
}

struct RandomTests {
    @Test func makesBytesThatDiffer() {
        #expect(Random.bytes(0).isEmpty)
        #expect(Random.bytes(33).count == 33)
        #expect(Set((0..<1000).map { _ in Random.bytes(16) }).count == 1000)
    }

    @Test func makesTokensForURLs() {
        let tokens = Set((0..<1000).map { _ in Random.token() })
        #expect(tokens.count == 1000)
        let safe = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        #expect(tokens.allSatisfy { $0.count == 24 && safe.isSuperset(of: $0) })
    }
}

struct Base64Tests {
    /// RFC 4648 §10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ])
    func encodesAndDecodes(text: String, encoded: String) {
        #expect(Base64.encode(Array(text.utf8)) == encoded)
        #expect(Base64.decode(encoded) == Array(text.utf8))
    }

    @Test func decodesEveryByte() {
        let bytes = Array(UInt8.min...UInt8.max)
        #expect(Base64.decode(Base64.encode(bytes)) == bytes)
        #expect(Base64.encodeURLSafe([0xFB, 0xFF]) == "-_8")
    }

    @Test(arguments: [
        "Z", "Zg", "Zg=", "Zg===", "=", "====", "Zg==Zg==", "Z===", "Zm9v\n", "Zm 9v", "Zm9-",
        "Zh==", "Zm9=", "Zm9é", "Z=g=",
    ])
    func refuses(text: String) {
        #expect(Base64.decode(text) == nil)
    }
}

struct HexTests {
    @Test func encodesAndDecodes() {
        let bytes = Array(UInt8.min...UInt8.max)
        #expect(Hex.encode([0x0F, 0xA0]) == "0fa0")
        #expect(Hex.decode(Hex.encode(bytes)) == bytes)
        #expect(Hex.decode("0FA0") == [0x0F, 0xA0])
    }

    @Test(arguments: ["0", "0g", "0x", "é"])
    func refuses(text: String) {
        #expect(Hex.decode(text) == nil)
    }
}
