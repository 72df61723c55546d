/// A generator that gives the same for the same seed, so that the seed says all of a failure.
struct SeededDice {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        for _ in 0..<4 { _ = roll(2) }
    }

    mutating func roll(_ sides: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int((state >> 11) % UInt64(max(sides, 1)))
    }

    mutating func pick<Choice>(_ choices: [Choice]) -> Choice {
        choices[roll(choices.count)]
    }

    /// Whether it happens that happens once in so many times.
    mutating func happens(onceIn times: Int) -> Bool { roll(times) == 0 }
}
