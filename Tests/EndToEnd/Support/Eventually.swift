/// Asks again and again until there is an answer: for what happens in other processes, which nothing announces.
///
/// - Throws: `TestFailure` with the sentence after the limit, which only bounds a test that fails.
func eventually<Value>(
    _ sentence: String, within limit: Duration = .seconds(90), _ answer: () async throws -> Value?
) async throws -> Value {
    let end = ContinuousClock.now + limit
    while true {
        if let value = try await answer() { return value }
        guard ContinuousClock.now < end else {
            throw TestFailure("it did not come true within \(limit) that \(sentence)")
        }
        try await Task.sleep(for: .milliseconds(20))
    }
}

func eventually(
    _ sentence: String, within limit: Duration = .seconds(90), _ isTrue: () async throws -> Bool
) async throws {
    let _: Void = try await eventually(sentence, within: limit) { try await isTrue() ? () : nil }
}
