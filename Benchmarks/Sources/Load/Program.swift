import Glibc

/// Loads a server and prints what that cost it, as one line of JSON.
@main
enum Program {
    static let usage = """
        usage: lapwing-load pep|idle --host H --port P --domain D --password W --pid SERVER
                 [--security plain|starttls|tls]
          pep:   [--publishers 20] [--viewers 10] [--payload 300] [--window 32] [--seconds 10]
                 [--subscribe yes]     accounts host0… and viewer0…
          idle:  [--connections 2000] [--accounts 200] [--users user]     accounts user0…
        """

    static func main() {
        signal(SIGPIPE, SIG_IGN)
        do {
            let arguments = CommandLine.arguments.dropFirst()
            let options = try Options(arguments.dropFirst())
            switch arguments.first {
            case "pep": print(try PEPLoad(options: options).run())
            case "idle": print(try IdleLoad(options: options).run())
            default: throw LoadError(usage)
            }
        } catch {
            let line = Array("lapwing-load: \(error)\n".utf8)
            write(STDERR_FILENO, line, line.count)
            exit(1)
        }
    }
}
