extension PubSubService.Profile {
    /// An account's nodes: presence lets in, one item is kept, samples are written behind.
    package static func pep(limits: PubSubLimits = PubSubLimits()) -> Self {
        Self(defaults: .pep, limits: limits, durability: MonitoringNodes.durability)
    }
}
