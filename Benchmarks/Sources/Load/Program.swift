import Glibc

/// Loads a server and prints what that cost it, as one line of JSON.
@main
enum Program {
    static let usage = """
        usage: lapwing-load KIND --host H --port P --domain D --password W --pid SERVER
                 [--security plain|starttls|tls|mqtt]
          pep:   [--publishers 20] [--viewers 10] [--payload 300] [--window 32] [--seconds 10]
                 [--subscribe yes]     accounts host0… and viewer0…
          idle:  [--connections 2000] [--accounts 200] [--users user]     accounts user0…
          What follows takes [--service pubsub.D] (empty: the publishers' accounts) and needs
          the accounts owner, host0…, viewer0… and, for filters, other0…
          fan:   [--publishers 1] [--nodes 1] [--viewers 100] [--window 8 | --rate N]
                 [--payload 300] [--items N (stored)] [--filters N --others N] [--jid bare|full]
                 [--pattern P --pattern-service S] [--delays yes] [--seconds 8]
          last:  [--publishers 1] [--nodes 1000] [--viewers 20] [--patience 60]
                 [--by subscribing|presence|pattern] [--directed yes]
          items: [--items 1000000] [--fill-seconds 120] [--window 256] [--seconds 6]
          nodes: [--nodes 10000]
          component: --component D --secret S --component-port P [--viewers 100] [--window 8]
                 [--payload 300 (the whole stanza)] [--jid bare|full] [--seconds 8]
                 accounts viewer0…
          federation: --pids P,… --far-port P --far-domain D --far-pids P,… [--window 8]
                 [--payload 200 (the whole stanza)] [--seconds 8]
                 accounts host0, and viewer0 of the far server
        """

    static func main() {
        signal(SIGPIPE, SIG_IGN)
        do {
            let arguments = CommandLine.arguments.dropFirst()
            let options = try Options(arguments.dropFirst())
            switch arguments.first {
            case "pep": print(try PEPLoad(options: options).run())
            case "last": print(try LastLoad(options: options).run())
            case "items": print(try ItemsLoad(options: options).run())
            case "nodes": print(try NodesLoad(options: options).run())
            case "fan": print(try FanLoad(options: options).run())
            case "component": print(try ComponentLoad(options: options).run())
            case "federation": print(try FederationLoad(options: options).run())
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
