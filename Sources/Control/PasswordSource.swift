import Foundation
import XMPP

/// Where a new password comes from: the arguments, a terminal without echo, or standard input.
enum PasswordSource {
    /// Bytes of a line of standard input; ``Password`` takes fewer.
    static let lineBytesMaximum = 4096

    static func password(argument: String?) throws -> Password {
        let text: String
        if let argument {
            Output.error(
                "warning: other users of this machine can see a password in the arguments; "
                    + "leave it out to be asked, or give it on standard input"
            )
            text = argument
        } else if isatty(STDIN_FILENO) == 1 {
            text = try ask("Password: ")
            guard try ask("Again: ") == text else { throw Failure("the passwords differ") }
        } else {
            text = try line()
        }
        do throws(PasswordError) {
            return try Password(text)
        } catch .tooLong {
            throw Failure("a password has at most \(Password.charactersMax) characters")
        } catch .unusable {
            throw Failure("a password must not be empty or have control characters")
        }
    }

    private static func ask(_ question: String) throws -> String {
        FileHandle.standardError.write(Data(question.utf8))
        var settings = termios()
        guard tcgetattr(STDIN_FILENO, &settings) == 0 else {
            throw Failure("cannot turn off the terminal's echo")
        }
        var silent = settings
        silent.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings)
            Output.error("")
        }
        return try line()
    }

    /// One line, read byte by byte: what follows belongs to whoever reads next.
    private static func line() throws -> String {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while bytes.count <= lineBytesMaximum {
            let count = read(STDIN_FILENO, &byte, 1)
            if count < 0 && errno == EINTR { continue }
            if count <= 0 && bytes.isEmpty { throw Failure("no password on standard input") }
            if count <= 0 || byte == UInt8(ascii: "\n") { break }
            bytes.append(byte)
        }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure("the password is not UTF-8")
        }
        return text
    }
}
