extension ServerConfiguration {
    /// What is kept of the samples of hosts, as minutes and hours.
    package struct History: Sendable, Equatable {
        package var isEnabled = true
        /// How long minutes are kept (`minutes`).
        package var minutes = Duration.seconds(86_400)
        /// How long hours are kept (`hours`).
        package var hours = Duration.seconds(90 * 86_400)
        /// Bytes of both together, for each node (`size_per_node`).
        package var bytesPerNode = 4 << 20

        package init() {}

        /// Reads the table `[history]`.
        init(_ table: ConfigurationTable) throws(ConfigurationError) {
            isEnabled = try table.boolean("enabled") ?? isEnabled
            // A day more than a month of minutes is 45,000 records a node; hours are for more.
            minutes =
                try table.duration("minutes", in: .seconds(3_600) ... .seconds(32 * 86_400))
                ?? minutes
            hours =
                try table.duration("hours", in: .seconds(3_600) ... .seconds(3_660 * 86_400))
                ?? hours
            bytesPerNode =
                try table.size("size_per_node", in: (64 << 10)...(1 << 30)) ?? bytesPerNode
        }
    }
}
