extension ServerConfiguration {
    /// The keys at the top of the file whose values differ from what a server runs with, and that
    /// it reads only when it starts: all but `components`.
    package func keysForRestart(of running: ServerConfiguration) -> [String] {
        let comparisons: [(key: String, isSame: Bool)] = [
            ("domain", domain == running.domain),
            ("data", dataDirectory == running.dataDirectory),
            ("control_socket", controlSocket == running.controlSocket),
            ("log_level", logLevel == running.logLevel),
            ("event_loops", eventLoops == running.eventLoops),
            ("listeners", listeners == running.listeners),
            ("tls", tls == running.tls),
            ("domains", furtherDomains == running.furtherDomains),
            ("accounts", accounts == running.accounts),
            ("groups", groups == running.groups),
            ("pubsub", pubsub == running.pubsub),
            ("fleet", fleet == running.fleet),
            ("history", history == running.history),
            ("component_listener", componentListener == running.componentListener),
            ("federation", federation == running.federation),
            ("names", names == running.names),
            ("role", role == running.role),
            ("process_name", processName == running.processName),
            ("links", links == running.links),
            ("pid_file", pidFile == running.pidFile),
            ("limits", limits == running.limits),
        ]
        return comparisons.filter { !$0.isSame }.map(\.key)
    }
}
