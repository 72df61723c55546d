extension Coverage {
    /// A condition of pubsub's own, what it comes with, and its tests.
    struct Refusal {
        let name: String
        let conditions: String
        let tests: [String]

        init(_ name: String, _ conditions: String, _ tests: String...) {
            self.name = name
            self.conditions = conditions
            self.tests = tests
        }
    }

    /// Those of XEP-0060 §16 `pubsub#errors` that are used, and `node-full` of §7.1.3.4.
    static let errors = [
        Refusal("closed-node", "not-allowed", "letsInWhomTheModelLetsIn"),
        Refusal("invalid-jid", "bad-request", "subscribesNobodyButWhoAsks"),
        Refusal(
            "invalid-options",
            "not-acceptable, bad-request, not-allowed",
            "refusesAConfigurationThatMakesNoSense",
            "subscribesNobodyWithOptionsThatMakeNoSense",
            "aLeafHasNoChildren"
        ),
        Refusal("invalid-payload", "bad-request", "refusesAnItemThatIsNone"),
        Refusal("invalid-subid", "not-acceptable", "wantsTheRightSubscriptionID"),
        Refusal("item-forbidden", "bad-request", "wantsWhatItsKindWants"),
        Refusal("item-required", "bad-request", "wantsWhatItsKindWants", "tellsEachReasonApart"),
        Refusal("jid-required", "bad-request", "subscribesNobodyButWhoAsks"),
        Refusal(
            "max-nodes-exceeded",
            "resource-constraint, not-allowed",
            "takesNodesUpToTheirLimit",
            "leavesRoomForTheNodesOfOthers",
            "aCollectionTakesAsManyAsItSays"
        ),
        Refusal("node-full", "conflict", "rejectsWhatDoesNotFit"),
        Refusal(
            "nodeid-required",
            "bad-request",
            "isManagedByItsOwnerAlone",
            "tellsEachReasonApart"
        ),
        Refusal("not-in-roster-group", "not-authorized", "letsInWhomTheModelLetsIn"),
        Refusal(
            "not-subscribed",
            "unexpected-request, not-authorized",
            "wantsTheRightSubscriptionID",
            "givesNothingToWhoWaits"
        ),
        Refusal("payload-required", "bad-request", "wantsWhatItsKindWants"),
        Refusal("payload-too-big", "not-acceptable", "takesAPayloadAtItsLimitAndNoneOverIt"),
        Refusal("pending-subscription", "not-authorized", "givesNothingToWhoWaits"),
        Refusal(
            "precondition-not-met",
            "conflict",
            "refusesWhereOnePreconditionIsNotMet",
            "checksEveryFieldOfTheNode"
        ),
        Refusal("presence-subscription-required", "not-authorized", "letsInWhomTheModelLetsIn"),
        Refusal("subid-required", "bad-request", "needsTheIDWhereThereAreSeveral"),
        Refusal("too-many-subscriptions", "policy-violation", "takesSubscriptionsUpToTheirLimit"),
        Refusal(
            "unsupported",
            "feature-not-implemented",
            "refusesThoseWhoMayMakeNone",
            "takesNoItemsOnACollection",
            "showsTheDefaultsOfEachType"
        ),
        Refusal(
            "unsupported-access-model",
            "not-acceptable",
            "refusesAConfigurationThatMakesNoSense"
        ),
    ]

    /// Those that are not used, and why.
    static let unusedErrors = [
        ("configuration-required", "no subscription waits for its options"),
        ("max-items-exceeded", "a publish takes one item (§7.1.1)"),
    ]
}
