import ArgumentParser
import Foundation
import Transport
import XMPP

/// Makes a certificate that vouches for itself.
struct MakeCertificate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cert",
        abstract: "Make a self-signed certificate, and print the fingerprint that clients pin.",
        discussion: """
            EXAMPLES
              lapwingctl cert example.org --directory /etc/lapwing/tls
              lapwingctl cert localhost 127.0.0.1 --days 30
            """
    )

    @Argument(help: "The domain, and other names and addresses of the server.")
    var names: [String]

    @Option(name: .long, help: "Where certificate.pem and key.pem are written.")
    var directory = "."

    @Option(name: .long, help: "How many days it is valid.")
    var days = 365

    @Flag(name: .long, help: "Overwrite files that are there.")
    var force = false

    func validate() throws {
        if names.isEmpty { throw ValidationError("name the domain at least") }
        if days < 1 { throw ValidationError("--days must be 1 at least") }
    }

    func run() async throws {
        // A client's clock may be behind: valid from an hour ago.
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        let start = Instant(milliseconds: now - 3_600_000)
        let made: SelfSignedCertificate
        do {
            made = try SelfSignedCertificate.make(names: names, days: days, start: start)
        } catch {
            throw Failure("\(error)")
        }
        let certificate = directory + "/certificate.pem"
        let key = directory + "/key.pem"
        // The key first: a certificate without its key is worse than none.
        try write(made.key, to: key, mode: 0o600)
        try write(made.certificate, to: certificate, mode: 0o644)
        Output.line("certificate  \(certificate)")
        Output.line("key          \(key)")
        Output.line("sha-256      \(made.fingerprint)")
    }

    private func write(_ bytes: [UInt8], to path: String, mode: mode_t) throws {
        if !force && FileManager.default.fileExists(atPath: path) {
            throw Failure("\(path): is there already; --force overwrites it")
        }
        // Written aside and moved, so that nobody reads half of it, nor a key with another mode.
        let draft = path + ".new"
        unlink(draft)
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw Failure.system(draft) }
        defer { close(descriptor) }
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count,
            fsync(descriptor) == 0, rename(draft, path) == 0
        else {
            let failure = Failure.system(path)
            unlink(draft)
            throw failure
        }
    }
}

extension Failure {
    /// What a system call said just now about a file.
    static func system(_ path: String) -> Failure {
        Failure("\(path): cannot be written: \(String(cString: strerror(errno)))")
    }
}
