import Glibc
import Platform
import XMPP

/// Why there is no password.
struct PasswordError: Error, CustomStringConvertible {
    let description: String
}

/// Where the password comes from: a file, the environment, or whoever sits at the terminal.
enum Password {
    /// Bytes of a password (RFC 8265 sets none; SASL's exchanges must stay small).
    private static let maximumBytes = 1023

    static func read(file: String?, for jid: JID) throws(PasswordError) -> String {
        if let file { return try read(path: file) }
        if let password = Settings.environment("LAPWING_PASSWORD") { return password }
        return try ask(for: jid)
    }

    private static func read(path: String) throws(PasswordError) -> String {
        do throws(PasswordFile.Failure) {
            let file = try PasswordFile(path)
            if let warning = file.warning {
                Output.write("lapwing-top: warning: \(warning)\n", to: STDERR_FILENO)
            }
            return file.password
        } catch {
            throw PasswordError(description: error.description)
        }
    }

    /// Asks at the terminal itself, so that standard input may be something else.
    private static func ask(for jid: JID) throws(PasswordError) -> String {
        let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC)
        guard terminal >= 0 else {
            throw PasswordError(
                description: "no password: use --password-file or LAPWING_PASSWORD"
            )
        }
        defer { close(terminal) }
        var before = termios()
        guard tcgetattr(terminal, &before) == 0 else {
            throw PasswordError(description: "no password: the terminal does not answer")
        }
        var silent = before
        // Signals wait too: the terminal must not be left without its echo.
        silent.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG)
        tcsetattr(terminal, TCSAFLUSH, &silent)
        defer { tcsetattr(terminal, TCSAFLUSH, &before) }
        Output.write("Password of \(jid.bare): ", to: terminal)
        defer { Output.write("\n", to: terminal) }
        return try readLine(terminal)
    }

    private static func readLine(_ terminal: Int32) throws(PasswordError) -> String {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while Glibc.read(terminal, &byte, 1) == 1 {
            switch byte {
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                guard !bytes.isEmpty, let text = String(validating: bytes, as: UTF8.self) else {
                    throw PasswordError(description: "no password was given")
                }
                return text
            case 3, 4, 26: throw PasswordError(description: "no password was given")
            case 8, 127:
                while let last = bytes.popLast(), last & 0xC0 == 0x80 {}
            case 21: bytes.removeAll()
            default: if bytes.count < maximumBytes { bytes.append(byte) }
            }
        }
        throw PasswordError(description: "no password was given")
    }
}
