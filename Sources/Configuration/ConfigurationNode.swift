/// One value of a configuration file with the places of its key and of itself.
struct ConfigurationNode {
    var parent: Int
    /// Empty in an array and at the root.
    var key: String
    var keyPosition: ConfigurationError.Position?
    var position: ConfigurationError.Position?
    var value: Value
    /// In the order of the file.
    var children: [Int] = []

    /// What TOML can say.
    enum Value: Equatable {
        case table, array, date
        case string(String)
        case integer(Int)
        case float(Double)
        case boolean(Bool)

        /// The kind in words, for an error's text.
        var kind: String {
            switch self {
            case .table: "a table"
            case .array: "an array"
            case .date: "a date"
            case .string: "a string"
            case .integer: "an integer"
            case .float: "a fraction"
            case .boolean: "true or false"
            }
        }
    }
}
