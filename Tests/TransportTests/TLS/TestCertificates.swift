import Foundation
import XMPP

@testable import Transport

/// Certificates in a directory of their own, gone with the value.
final class TestCertificates {
    let directory: String

    init() throws {
        directory = NSTemporaryDirectory() + "lapwing-tls-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: directory,
            withIntermediateDirectories: false
        )
    }

    deinit {
        try? FileManager.default.removeItem(atPath: directory)
    }

    static var now: Instant {
        Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
    }

    /// A certificate made now, whose time began `age` days ago and lasts `days`.
    func make(
        _ names: [String] = ["example.org"],
        days: Int = 30,
        age: Int64 = 1
    ) throws -> Made {
        let start = Instant(milliseconds: Self.now.milliseconds - age * 86_400_000)
        let made = try SelfSignedCertificate.make(names: names, days: days, start: start)
        let stem = directory + "/" + UUID().uuidString
        let files = CertificateFiles(chain: stem + ".pem", key: stem + ".key")
        try Data(made.certificate).write(to: URL(fileURLWithPath: files.chain))
        try Data(made.key).write(to: URL(fileURLWithPath: files.key))
        return Made(files: files, fingerprint: made.fingerprint)
    }

    /// Writes a text into the directory; its path.
    func write(_ text: String, _ name: String) throws -> String {
        let path = directory + "/" + name
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    struct Made {
        var files: CertificateFiles
        var fingerprint: Fingerprint
    }
}
