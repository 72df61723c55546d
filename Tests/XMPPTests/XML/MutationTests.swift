import Testing

@testable import XMPP

/// Damaged streams: how they are cut makes no difference, and they leave nothing behind in a pool.
struct MutationTests {
    private struct Outcome: Equatable {
        var events: [XMLEvent] = []
        var error: StreamError?
    }

    private func outcome(
        _ pieces: [[UInt8]],
        _ parser: XMLStreamParser
    ) -> Outcome {
        var outcome = Outcome()
        for piece in pieces {
            do throws(StreamError) {
                try parser.feed(piece, into: &outcome.events)
            } catch {
                outcome.error = error
                break
            }
        }
        return outcome
    }

    private func damaged(_ generator: inout SeededGenerator) -> [UInt8] {
        let splinters = [
            "<", ">", "/", "'", "&", "]]>", "<![CDATA[", "<!--", "-->", "<?x?>", "\u{0}", "é", " ",
            "</stream:stream>", "<stream:stream>", "\r", "]", "<a>", "</a>", " xmlns=''", "x:",
        ]
        var bytes = Array(Conversation.whole.utf8)
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            let index = Int.random(in: 0..<bytes.count, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
            case 1: bytes.remove(at: index)
            case 2: bytes.removeSubrange(index..<min(index + 20, bytes.count))
            default:
                let splinter = splinters.randomElement(using: &generator) ?? ""
                bytes.insert(contentsOf: splinter.utf8, at: index)
            }
        }
        return bytes
    }

    @Test func readsDamagedStreamsTheSameHoweverCut() throws {
        let pool = ParserPool()
        let sound = Array(Conversation.whole.utf8)
        let expected = outcome([sound], XMLStreamParser(limits: .client))
        for seed in 0..<2000 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            let bytes = damaged(&generator)
            var pieces: [[UInt8]] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 1...100, using: &generator))
                pieces.append(Array(piece))
                rest = rest.dropFirst(piece.count)
            }
            let whole = outcome([bytes], XMLStreamParser(limits: .client))
            let cut = outcome(pieces, XMLStreamParser(limits: .client, pool: pool))
            #expect(cut == whole, "seed \(seed)")
            let after = outcome([sound], XMLStreamParser(limits: .client, pool: pool))
            #expect(after == expected, "after seed \(seed)")
        }
    }
}
