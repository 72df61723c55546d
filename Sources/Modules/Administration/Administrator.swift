/// Whoever can answer an operator: the running server, or the tool itself on a stopped one.
package protocol Administrator: Sendable {
    /// Does what is asked and says how it went; changes are durable when it returns.
    func perform(_ request: ControlRequest) async -> ControlReply
}
