import XMPP

extension RemoteTable {
    /// What other domains may cost, and how long they may take.
    package struct Limits: Sendable, Hashable {
        /// Stanzas that wait for one domain: a minute or two of a busy one's.
        package var stanzasPerDomain = 5_000
        /// Bytes of them, as they take memory.
        package var bytesPerDomain = 1_024 * 1_024
        /// Bytes of all stanzas, those that wait and those that were written and may be asked
        /// about: what the whole table may take.
        package var bytes = 64 * 1_024 * 1_024
        /// Bytes of one stanza as it is written: with more Prosody and Lapwing end the stream, and
        /// all that is under way on it with it.
        package var stanzaBytes = XMLLimits.server.stanzaBytes
        /// Stanzas of one stream that are in doubt; what more there is waits.
        ///
        /// Of a stream without acknowledgements twice as many are kept.
        package var stanzasPerStream = LinkAcknowledgements.unacknowledgedMax
        /// Bytes of them; one stanza may always be under way.
        package var bytesPerStream = 8 * 1_024 * 1_024

        /// Streams that we open for stanzas: each takes a socket and a session of TLS.
        package var streams = 2_000
        /// Those of them that may be on their way at the same time; the rest waits in line.
        package var connecting = 64
        /// Domains that something is kept of because we send to them.
        package var domains = 10_000

        /// Questions for one authoritative server that wait for their answers.
        package var questionsPerDomain = OutboundFederation.questionsMax
        /// Questions in all.
        package var questions = 1_000
        /// Streams for questions alone.
        package var questionStreams = 100
        /// Those of them to domains that we have no other business with: who asks to be believed
        /// can name any domain, and has us connect to it.
        package var strangers = 20

        /// How long a stream of ours may take until it is ready, and the proof of a pair.
        package var readyTime = Duration.seconds(30)
        /// How long a stanza may wait in line for a connection to begin.
        package var lineTime = Duration.seconds(60)
        /// How long a stream of ours may carry nothing, either way.
        package var idleTime = Duration.seconds(600)
        /// How long it must have carried nothing to be closed for another, when there are as many
        /// ``streams`` as may be.
        package var spareTime = Duration.seconds(30)
        /// How long after the first failure nothing is tried; each one more doubles it.
        package var backoffFirst = Duration.seconds(5)
        /// The longest that it comes to.
        package var backoffMost = Duration.seconds(600)
        /// How long the answer to a dialback question may take.
        package var answerTime = Duration.seconds(20)
        /// How long what was written stays in doubt before the peer is asked; or, where it cannot
        /// be asked, before a stream that is still there counts as evidence.
        package var settleTime = Duration.seconds(15)
        /// How long an acknowledgement may take, or the writing of what is to be written; also
        /// how long a stop waits for them.
        package var acknowledgementTime = Duration.seconds(60)

        package init() {}
    }
}
