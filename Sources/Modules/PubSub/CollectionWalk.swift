/// What is known of a graph while several nodes are put into collections one after the other: no
/// part of it is walked twice, however many of the nodes stand above the same others.
struct CollectionWalk {
    /// A collection with all that are above it, but the root.
    struct WayUp {
        var names: Set<String>
        /// Collections on the longest way up, the first included.
        var length: Int
    }

    /// Levels below a node; of every node that is known all that are below it are known too.
    private var heights: [String: Int] = [:]
    private var waysUp: [String: WayUp] = [:]
    /// How often it was looked from one node to another: the work.
    private(set) var steps = 0

    /// The longest way down from a node.
    mutating func height(of name: String, in graph: CollectionGraph) -> Int {
        if let height = heights[name] { return height }
        // No deeper than there may be levels: the graph has no cycles.
        var height = 0
        for child in graph.children(of: name) {
            steps += 1
            height = max(height, self.height(of: child, in: graph) + 1)
        }
        heights[name] = height
        return height
    }

    mutating func way(up name: String, in graph: CollectionGraph) -> WayUp {
        if let way = waysUp[name] { return way }
        var lengths: [String: Int] = [:]
        let length = measure(up: name, in: graph, &lengths)
        let way = WayUp(names: Set(lengths.keys), length: length)
        waysUp[name] = way
        return way
    }

    private mutating func measure(
        up name: String,
        in graph: CollectionGraph,
        _ lengths: inout [String: Int]
    ) -> Int {
        if let length = lengths[name] { return length }
        var above = 0
        for parent in graph.parents(of: name) where parent != CollectionGraph.root {
            steps += 1
            above = max(above, measure(up: parent, in: graph, &lengths))
        }
        lengths[name] = above + 1
        return above + 1
    }

    /// A node has come into these collections or left them.
    mutating func forget(_ child: String, under parents: Set<String>) {
        if parents.contains(where: { heights[$0] != nil }) { heights = [:] }
        if waysUp.contains(where: { $0.value.names.contains(child) }) {
            waysUp = waysUp.filter { !$0.value.names.contains(child) }
        }
    }
}
