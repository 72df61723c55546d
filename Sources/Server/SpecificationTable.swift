import Modules

/// What the server speaks, for the documentation: made from the code, so that it is true.
enum SpecificationTable {
    /// Followed by the streams and the addresses, which are no modules.
    private static let core = [
        Specification(
            "RFC 6120",
            version: "2011",
            leftOut: "server-to-server streams, SASL EXTERNAL"
        ),
        Specification("RFC 7590", version: "2015"),
        Specification("RFC 7622", version: "2015"),
        Specification("RFC 5802, 7677", version: "SCRAM-SHA-1, SCRAM-SHA-256 and -PLUS"),
        Specification("RFC 9266", version: "2022"),
        Specification("XEP-0114", version: "1.6"),
        Specification("XEP-0368", version: "1.1.0", leftOut: "server-to-server"),
        Specification("XEP-0440", version: "1.0.0"),
    ]

    /// `docs/specifications.md`.
    static var markdown: String {
        var lines = [
            "# What the server speaks", "",
            "Made from the code by `lapwing-server --specifications`.", "",
            "| specification | version | left out |", "|---|---|---|",
        ]
        let modules = Server.modules.flatMap { $0.specifications }
        for specification in (core + modules).sorted(by: { $0.name < $1.name }) {
            lines.append(
                "| \(specification.name) | \(specification.version) "
                    + "| \(specification.leftOut ?? "") |"
            )
        }
        return lines.joined(separator: "\n")
    }
}
