extension Dictionary {
    /// Looks at a value, or changes it, where it stands.
    ///
    /// `dictionary[key]?.method()` copies the whole value first where the method changes nothing,
    /// which for an account or a node is dozens of references.
    mutating func update<Result, Failure: Error>(
        _ key: Key,
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result? {
        guard let index = index(forKey: key) else { return nil }
        return try body(&values[index])
    }

    /// Whether there is a value for the key; nothing of it is copied.
    func has(_ key: Key) -> Bool { index(forKey: key) != nil }
}
