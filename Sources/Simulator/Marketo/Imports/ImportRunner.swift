/// Carries one import out (reference 11, 4.3).
struct ImportRunner: Sendable {
  let instance: MarketoInstance
  let job: ImportJob

  private static let chunk = 500
  private static let missingKey = "missing.dedupe.fields"

  /// A row of the file, checked.
  private struct Checked {
    var cells: [String]
    var members: [(String, JSONValue)] = []
    var failure: String?
    var warning: String?
  }

  func run(_ file: [UInt8]) async {
    let started = instance.clock.now
    let delay = instance.settings.importDelay
    if delay > .zero { try? await Task.sleep(for: delay) }
    var rows = DelimitedText(file, delimiter: job.delimiter)
    guard let header = rows.next() else {
      finish(started, .failed, "The file is empty")
      return
    }
    instance.imports.change(job.id) { $0.header = header }
    let columns = columns(header)
    while !Task.isCancelled {
      var chunk: [Checked] = []
      while chunk.count < Self.chunk, let cells = rows.next() { chunk.append(check(cells, columns)) }
      guard !chunk.isEmpty else { break }
      await write(chunk)
      if let speed = instance.settings.importRowsPerSecond {
        try? await Task.sleep(for: .milliseconds(chunk.count * 1000 / speed))
      }
    }
    finish(started, .complete, nil)
  }

  private func finish(_ started: Double, _ status: ImportJob.Status, _ problem: String?) {
    let seconds = Int(instance.clock.now - started)
    instance.imports.change(job.id) {
      $0.status = status
      $0.problem = problem
      $0.seconds = seconds
    }
  }

  // MARK: Checking

  private struct Columns {
    var fields: [MarketoField] = []
    /// What is wrong with every row.
    var problem: String?
  }

  /// A wrong header fails every row, not the job.
  private func columns(_ header: [String]) -> Columns {
    instance.withData { data in
      let table = job.object.map { data.table($0) } ?? data.leads
      guard let table else { return Columns(problem: "Object not found") }
      let keys = job.object.map { data.dedupePlaces($0).map { table.fields[$0].name } } ?? [job.lookup]
      guard Set(keys).isSubset(of: header) else { return Columns(problem: Self.missingKey) }
      var columns = Columns()
      for name in header {
        guard let place = table.place(name), table.fields[place].isInREST else {
          return Columns(problem: "Field '\(name)' not found")
        }
        columns.fields.append(table.fields[place])
      }
      return columns
    }
  }

  private func check(_ cells: [String], _ columns: Columns) -> Checked {
    var row = Checked(cells: cells, failure: columns.problem)
    guard row.failure == nil else { return row }
    guard cells.count == columns.fields.count else {
      row.failure = "Invalid number of columns"
      return row
    }
    for (field, cell) in zip(columns.fields, cells) {
      guard let value = field.parsed(cell) else { continue }
      if field.type == .email, !cell.utf8.allSatisfy({ $0 < 0x80 }) || !cell.contains("@") {
        row.warning = "Invalid email address"
        continue
      }
      do throws(MarketoReason) {
        // A link's own type is that of what it points to: digits are a number there.
        let typed: JSONValue = field.link?.field == "id" ? Int(cell).map(JSONValue.int) ?? value : value
        _ = try field.stored(typed)
        row.members.append((field.name, typed))
      } catch {
        row.failure =
          error.code == "1001"
          ? "Invalid data type in field \(field.displayName)" : "Value too long in field \(field.displayName)"
        return row
      }
    }
    return row
  }

  // MARK: Writing

  private func write(_ chunk: [Checked]) async {
    let reasons = job.object == nil ? await writeLeads(chunk) : await writeObjects(chunk)
    instance.imports.change(job.id) { job in
      for (row, reason) in zip(chunk, reasons) {
        if let reason {
          job.failures.append(.init(cells: row.cells, reason: reason))
          continue
        }
        job.processed += 1
        if let warning = row.warning { job.warnings.append(.init(cells: row.cells, reason: warning)) }
      }
    }
  }

  /// Looks up, takes its time, writes: the same gap as in a sync call.
  private func writeLeads(_ chunk: [Checked]) async -> [String?] {
    let settings = instance.settings
    let request = LeadRequest(
      action: job.action, lookup: job.lookup, partition: job.partition, source: .importFile,
      acceptsUnknownLinks: settings.acceptsUnknownLinks)
    let items = instance.withData { data in
      var items = chunk.map { row in
        row.failure == nil ? data.prepare(row.members, request) : LeadItem(problem: .invalid(""))
      }
      data.lookUp(&items, request)
      return items
    }
    await pause(settings)
    let now = instance.clock.seconds
    let outcomes = instance.withData { data in data.write(items, request, now: now) }
    return zip(chunk, zip(items, outcomes)).map { row, written in
      if let failure = row.failure { return failure }
      guard case .skipped(let reason) = written.1 else { return nil }
      return written.0.key == nil ? Self.missingKey : reason.message
    }
  }

  private func writeObjects(_ chunk: [Checked]) async -> [String?] {
    guard let object = job.object else { return [] }
    await pause(instance.settings)
    let now = instance.clock.seconds
    let request = ObjectRequest(action: .createOrUpdate, byID: false)
    return instance.withData { data in
      chunk.map { row in
        if let failure = row.failure { return failure }
        do throws(MarketoReason) {
          return try data.sync(object, [row.members], request, now: now).first?.reason?.message
        } catch {
          return error.message
        }
      }
    }
  }

  private func pause(_ settings: MarketoSettings) async {
    await instance.imports.writes.pass()
    if settings.processingTime > .zero { try? await Task.sleep(for: settings.processingTime) }
  }
}
