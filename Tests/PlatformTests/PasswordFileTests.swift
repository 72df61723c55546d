import Foundation
import Platform
import Testing

/// One file a test, gone at its end.
final class PasswordFileTests {
    private let path = NSTemporaryDirectory() + "password-" + UUID().uuidString

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    private func write(_ bytes: [UInt8], mode: Int = 0o600) throws {
        let made = FileManager.default.createFile(
            atPath: path,
            contents: Data(bytes),
            attributes: [.posixPermissions: mode]
        )
        try #require(made)
    }

    @Test(arguments: ["secret", "secret\n", "secret\r\nmore\n"])
    func readsTheFirstLine(_ content: String) throws {
        try write(Array(content.utf8))
        let file = try PasswordFile(path)
        #expect(file.password == "secret")
        #expect(file.warning == nil)
    }

    @Test func warnsOfAFileThatEverybodyMayRead() throws {
        try write(Array("secret\n".utf8), mode: 0o644)
        let warning = try #require(try PasswordFile(path).warning)
        #expect(warning.contains(path))
    }

    @Test(arguments: [[], [0x0A], [0x0D, 0x0A, 0x61], [0xFF, 0x61]] as [[UInt8]])
    func refusesALineThatIsNoPassword(_ content: [UInt8]) throws {
        try write(content)
        #expect(throws: PasswordFile.Failure.self) { try PasswordFile(path) }
    }

    @Test func takesTheLongestPasswordAndNoLonger() throws {
        try write(Array(repeating: 0x61, count: 1023) + [0x0A])
        #expect(try PasswordFile(path).password.utf8.count == 1023)
        try write(Array(repeating: 0x61, count: 1024) + [0x0A])
        #expect(throws: PasswordFile.Failure.self) { try PasswordFile(path) }
    }

    @Test func namesTheFileThatIsMissing() {
        let failure = #expect(throws: PasswordFile.Failure.self) { try PasswordFile(path) }
        #expect(failure?.description.hasPrefix(path + ": ") == true)
    }
}
