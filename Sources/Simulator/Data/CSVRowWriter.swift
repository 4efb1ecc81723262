/// Writes rows as CSV records: every cell quoted, as Bulk API 2.0 does.
struct CSVRowWriter {
  let renderer: Renderer
  let columns: [Column]
  let delimiter: UInt8
  let crlf: Bool

  func header(_ sink: inout ByteSink) {
    for (place, column) in columns.enumerated() {
      if place > 0 { sink.append(delimiter) }
      sink.append(0x22)
      sink.append(column.name)
      sink.append(0x22)
    }
    end(&sink)
  }

  func row(_ row: Row, _ sink: inout ByteSink) {
    columns.withUnsafeBufferPointer { columns in
      var first = true
      for place in columns.indices {
        sink.reserve(8)
        if !first { sink.put(delimiter) }
        first = false
        sink.put(0x22)
        if columns[place].steps.isEmpty {
          _ = renderer.value(columns[place].program, row, .csv, &sink)
        } else if let holder = renderer.follow(columns[place].steps, row) {
          _ = renderer.value(columns[place].program, holder, .csv, &sink)
        }
        sink.append(0x22)
      }
    }
    end(&sink)
  }

  @inline(__always)
  private func end(_ sink: inout ByteSink) {
    sink.reserve(2)
    if crlf { sink.put(0x0D) }
    sink.put(0x0A)
  }
}
