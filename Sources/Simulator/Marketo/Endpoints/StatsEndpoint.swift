/// Calls and errors of the day (reference 2). The week's answers know of today alone.
struct StatsEndpoint: Sendable {
  let context: MarketoContext

  func answer() -> MarketoAnswer {
    let today = context.instance.gate.today(now: context.instance.clock.now)
    let date = String(MarketoMoment.text(today.day * 86_400, .zulu).prefix(10))
    let errors = today.errors.sorted { $0.key < $1.key }
    var members: [(String, JSONValue)] = [("date", .string(date))]
    if case .errors = context.call {
      members.append(("total", .int(errors.reduce(0) { $0 + $1.value })))
      members.append(
        (
          "errors",
          .array(errors.map { .object([("errorCode", .string($0.key)), ("count", .int($0.value))]) })
        ))
    } else {
      members.append(("total", .int(today.used)))
      members.append(
        (
          "users",
          .array([.object([("userId", .string(MarketoResponder.user)), ("count", .int(today.used))])])
        ))
    }
    return .result([.object(members)])
  }
}
