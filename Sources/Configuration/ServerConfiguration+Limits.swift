extension ServerConfiguration {
    /// What the server grants before it says no; each is a key of `[limits]`.
    package struct Limits: Sendable, Equatable {
        /// Bytes of a stanza from who is logged in (`stanza_size`).
        package var stanzaBytes = 256 * 1024
        /// Bytes of a stanza before that; RFC 6120 §13.12 allows no less
        /// (`stanza_size_before_login`).
        package var stanzaBytesBeforeLogin = 10_000
        /// Elements inside one another (`stanza_depth`).
        package var stanzaDepth = 100
        /// Attributes of an element (`stanza_attributes`).
        package var stanzaAttributes = 200
        /// Elements of a stanza (`stanza_children`).
        package var stanzaChildren = 10_000
        /// Connections at a time, which bounds descriptors and memory (`connections`).
        package var connections = 10_000
        /// From the connection to the log-in, whatever is sent meanwhile (`login_time`).
        package var loginTime = Duration.seconds(60)
        /// Connections from one address (`connections_per_address`).
        package var connectionsPerAddress = 10_000
        /// Bytes that a connection may send a second in the long run, 0 for no limit (`rate`).
        package var bytesPerSecond = 20_000
        /// Bytes that it may send at once (`burst`).
        package var burstBytes = 200_000
        /// Sessions of an account (`sessions_per_account`).
        package var sessionsPerAccount = 10
        /// Silence after which a client is asked whether it is there (`ping_after`).
        package var pingAfter = Duration.seconds(15)
        /// Silence after which it is gone (`gone_after`).
        package var goneAfter = Duration.seconds(30)
        /// Bytes that wait for a client that reads slowly (`outbound_queue`).
        package var outboundQueueBytes = 1024 * 1024
        /// Nodes of an account (`nodes_per_account`).
        package var nodesPerAccount = 1000
        /// Nodes of a service, which everybody shares (`nodes_per_service`).
        package var nodesPerService = 100_000
        /// Nodes of a service that one account has made (`nodes_per_creator`).
        package var nodesPerCreator = 1000
        /// Items of a node, and what `max` means (`items_per_node`).
        package var itemsPerNode = 10_000
        /// Subscriptions to a node (`subscriptions_per_node`).
        package var subscriptionsPerNode = 10_000

        package init() {}

        /// Reads the table `[limits]`.
        init(_ table: ConfigurationTable) throws(ConfigurationError) {
            try readStanzas(table)
            try readSessions(table)
            try readNodes(table)
        }

        private mutating func readStanzas(
            _ table: ConfigurationTable
        ) throws(ConfigurationError) {
            let sizes = 10_000...(16 << 20)
            stanzaBytes = try table.size("stanza_size", in: sizes) ?? stanzaBytes
            stanzaBytesBeforeLogin =
                try table.size("stanza_size_before_login", in: sizes) ?? stanzaBytesBeforeLogin
            stanzaDepth = try table.integer("stanza_depth", in: 10...1000) ?? stanzaDepth
            stanzaAttributes =
                try table.integer("stanza_attributes", in: 20...10_000) ?? stanzaAttributes
            stanzaChildren =
                try table.integer("stanza_children", in: 100...1_000_000) ?? stanzaChildren
        }

        private mutating func readSessions(
            _ table: ConfigurationTable
        ) throws(ConfigurationError) {
            connections = try table.integer("connections", in: 1...1_000_000) ?? connections
            loginTime =
                try table.duration("login_time", in: .seconds(1) ... .seconds(600)) ?? loginTime
            connectionsPerAddress =
                try table.integer("connections_per_address", in: 1...1_000_000)
                ?? connectionsPerAddress
            bytesPerSecond = try table.size("rate", in: 0...(1 << 30)) ?? bytesPerSecond
            burstBytes = try table.size("burst", in: 10_000...(1 << 30)) ?? burstBytes
            sessionsPerAccount =
                try table.integer("sessions_per_account", in: 1...1000) ?? sessionsPerAccount
            let silence = Duration.seconds(1) ... .seconds(86400)
            pingAfter = try table.duration("ping_after", in: silence) ?? pingAfter
            goneAfter = try table.duration("gone_after", in: silence) ?? goneAfter
            if goneAfter <= pingAfter {
                throw table.error("gone_after", "must be longer than ping_after")
            }
            outboundQueueBytes =
                try table.size("outbound_queue", in: (64 << 10)...(1 << 30))
                ?? outboundQueueBytes
        }

        private mutating func readNodes(_ table: ConfigurationTable) throws(ConfigurationError) {
            nodesPerAccount =
                try table.integer("nodes_per_account", in: 1...1_000_000) ?? nodesPerAccount
            nodesPerService =
                try table.integer("nodes_per_service", in: 1...10_000_000) ?? nodesPerService
            nodesPerCreator =
                try table.integer("nodes_per_creator", in: 1...10_000_000) ?? nodesPerCreator
            itemsPerNode = try table.integer("items_per_node", in: 1...10_000_000) ?? itemsPerNode
            subscriptionsPerNode =
                try table.integer("subscriptions_per_node", in: 1...1_000_000)
                ?? subscriptionsPerNode
        }
    }
}
