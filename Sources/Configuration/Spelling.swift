/// Finds the word that somebody meant.
package enum Spelling {
    /// The candidate at the smallest edit distance, if it is near enough to be meant.
    package static func nearest(to word: String, among candidates: [String]) -> String? {
        let allowed = min(word.utf8.count / 3, 2)
        let near = candidates.map { (name: $0, distance: distance(word, $0)) }
            .min { ($0.distance, $0.name) < ($1.distance, $1.name) }
        guard let near, near.distance <= allowed else { return nil }
        return near.name
    }

    /// Insertions, deletions, changes and swaps of neighbours that lead from one to the other
    /// (Damerau's distance in its restricted form).
    static func distance(_ left: String, _ right: String) -> Int {
        let a = Array(left.utf8)
        let b = Array(right.utf8)
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var best = min(row[j] + 1, last[j + 1] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                    best = min(best, beforeLast[j - 1] + 1)
                }
                row.append(best)
            }
            beforeLast = last
            last = row
        }
        return last[b.count]
    }
}
