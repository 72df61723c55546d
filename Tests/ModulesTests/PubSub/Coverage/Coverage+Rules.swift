extension Coverage {
    /// A rule that is easily missed, its section, and its tests.
    struct Rule {
        let section: String
        let text: String
        let tests: [String]

        init(_ section: String, _ text: String, _ tests: String...) {
            self.section = section
            self.text = text
            self.tests = tests
        }
    }

    static let rules = [
        Rule(
            "§4.1",
            "affiliations change by the state chart, and one owner stays",
            "followsTheStateChart",
            "keepsItsLastOwner"
        ),
        Rule("§4.3", "an event without an item", "notifiesOfAnEventWithoutAnItem"),
        Rule("§6.1.3.11", "a node that has moved says where", "saysWhereANodeHasMoved"),
        Rule(
            "§6.1.6",
            "several subscriptions of one: one message with all their ids",
            "sendsOneMessageThatNamesThemAll"
        ),
        Rule(
            "§6.1.7",
            "the last item with its time, to who is newly subscribed or there",
            "stampsTheLastItemWithItsTime",
            "sendsTheLastItemWhenConfigured"
        ),
        Rule(
            "§6.5",
            "items that are named are returned, these alone",
            "returnsExactlyTheItemsThatAreNamed"
        ),
        Rule("§7.1.1", "one item a publish", "takesOneItemAtATime"),
        Rule(
            "§7.1.2.3",
            "the publisher is named by the service, with every form of retrieval",
            "namesWhomTheNodeIsSetTo",
            "takesNoPublisherFromThePublisher"
        ),
        Rule(
            "§7.1.2.5",
            "a full node retracts, discards or rejects",
            "retractsTheOldestUnlessToldOtherwise",
            "discardsTheOldestSilently",
            "rejectsWhatDoesNotFit"
        ),
        Rule(
            "§7.1.3",
            "who may publish may overwrite the items of others",
            "letsAnyPublisherOverwriteAnyItem"
        ),
        Rule("§7.1.3.6", "a payload is of the node's type", "refusesAnItemThatIsNone"),
        Rule(
            "§7.1.5",
            "an unknown precondition rejects the publish",
            "refusesAnUnknownOptionOfANodeThatIsToBeMade",
            "refusesOptionsThatAreAnotherForm"
        ),
        Rule("§7.2.2.1", "a retract that asks to be told is told", "tellsWhenAskedOrConfigured"),
        Rule("§8.1.3", "a configuration follows its create", "takesAConfigurationBesideItsCreate"),
        Rule("§8.2.4", "a configuration that is cancelled stays", "takesItsOwnFormBack"),
        Rule(
            "§8.4.2",
            "the end is told always, to those too who wait for approval",
            "tellsOfTheEndOfANodeWhateverIsSet",
            "tellsOfTheEndThoseToo"
        ),
        Rule("§8.5.2", "a purge is one event", "isEmptyAfterAPurge"),
        Rule(
            "§8.8.2.4",
            "what could not be set of a list of subscriptions comes back",
            "namesWhatCouldNotBeSetAsItIs"
        ),
        Rule(
            "§8.9.2.4",
            "what could not be set of a list of affiliations comes back as it is",
            "namesWhatItCouldNotSetWithWhatItIs",
            "takesNoEntityTwice"
        ),
        Rule("§8.9.4", "an affiliation is told to whom it is of", "tellsTheEntityWhatItIsNow"),
        Rule(
            "§9.2",
            "nobody is told by interest who shows none",
            "tellsOnlyThoseWhoAskForTheNode"
        ),
        Rule(
            "§12.1",
            "an item that is published again is the newest",
            "makesAnOverwrittenItemTheNewest"
        ),
        Rule("§12.4", "subscriptions of who is gone end", "endsSubscriptionsOfWhoIsGone"),
        Rule(
            "§12.5",
            "subscriptions end when the subscriber goes offline",
            "endsWhenItsSubscriberGoes"
        ),
        Rule("§12.19", "leases end, over a restart too", "endsWithItsLease", "outlivesARestart"),
        Rule(
            "§16.4.4",
            "items expire, over a restart too",
            "endsAnItemAtItsAgeAndNotBefore",
            "endsItemsFromBeforeARestart"
        ),
        Rule(
            "XEP-0163 §4.3",
            "only the first presence of a session brings last items",
            "sendsNothingAgainForAnUpdate"
        ),
        Rule(
            "XEP-0163 §7",
            "who loses access loses the subscription",
            "tellsWhoLosesAccess",
            "followsARosterGroup"
        ),
        Rule("XEP-0222 §3", "public data of an account", "keepsPublicDataForContacts"),
        Rule(
            "XEP-0223 §3",
            "private data of an account",
            "keepsPrivateDataFromOthers",
            "keepsPrivateDataOffAnOpenNode"
        ),
        Rule(
            "XEP-0248 §6.1",
            "events of what is in a collection carry its name",
            "itemsComeWithTheNameOfTheCollection"
        ),
    ]
}
