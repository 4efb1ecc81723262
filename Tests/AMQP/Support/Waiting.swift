/// The next value of a stream; `nil` at its end.
func next<T: Sendable>(of stream: AsyncStream<T>) async -> T? {
  var iterator = stream.makeAsyncIterator()
  return await iterator.next()
}
