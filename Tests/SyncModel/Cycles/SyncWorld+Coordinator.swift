import SyncModel

/// What the leader does, one thing at a time.
extension SyncWorld {
  mutating func stepCoordinator() throws(CycleViolation) {
    try apply(.closed(pause: .seconds(SyncScenario.pause), failurePause: .seconds(SyncScenario.pause)))
    guard object.isSelected else { return }
    try look()
    let open = object.underWay
    guard !open.isEmpty else { return }
    let cycle = open[chance.below(open.count)]
    switch cycle.phase {
    case .waiting: try start(cycle)
    case .planning: try record(cycle)
    case .copying: if object.needsSchema { _ = try readSchema(cycle) }
    case .done, .failed: break
    }
  }

  private mutating func look() throws(CycleViolation) {
    if defect == .stoppedCopyStaysStopped, object.copiedAt == nil, let main = object.main, main.phase == .failed,
      !main.jobs.isEmpty, main.jobs.open == 0
    {
      return
    }
    let before = object.lastCycle
    try apply(.looked)
    if object.lastCycle > before { plans = plans.filter { plan in object.underWay.contains { $0.id == plan.key } } }
  }

  /// Describe, then the window, then the count: another process may act between any two.
  private mutating func start(_ cycle: ObjectCycle) throws(CycleViolation) {
    guard var plan = plans[cycle.id] else {
      let watermark = object.watermark
      if let time = try readSchema(cycle) { plans[cycle.id] = PlanInHand(serverTime: time, watermark: watermark) }
      return
    }
    if plan.hasBegun { return try record(cycle) }
    var window = DeltaWindow(from: plan.serverTime, to: plan.serverTime)
    if cycle.kind == .backfill, let watermark = plan.watermark {
      window = DeltaWindow(from: watermark.advanced(by: .seconds(-SyncScenario.overlap)), to: plan.serverTime)
    }
    if cycle.kind == .delta, let watermark = plan.watermark {
      let clock = defect == .windowByOwnClock ? databaseTime : plan.serverTime
      let overlap: Duration = defect == .noOverlap ? .zero : .seconds(SyncScenario.overlap)
      window = DeltaWindow.next(
        watermark: watermark, now: clock, overlap: overlap, lag: .seconds(SyncScenario.lag))
    }
    try apply(.windowDecided(cycle: cycle.id, window))
    plan.hasBegun = true
    plans[cycle.id] = plan
  }

  /// - Returns: the source's time; `nil` when the object cannot be seen, and its cycle is stopped.
  private mutating func readSchema(_ cycle: ObjectCycle) throws(CycleViolation) -> Instant? {
    org.calls += 1
    if org.isHidden {
      plans[cycle.id] = nil
      try apply(.stopped(cycle: cycle.id, retryAfter: .seconds(SyncScenario.pause)))
      return nil
    }
    let new = ModelMapping(hasField: org.hasField && selection.hasField, types: selection.types)
    let old = mappings.last
    let asks = old.flatMap { BackfillExtent.after($0.productForm, new.productForm) }
    try apply(.schemaRead(isNew: new != old, asks: asks))
    if new != old {
      mappings.append(new)
      for job in jobs.indices where jobs[job].state != .done && jobs[job].extract == nil {
        jobs[job].mapping = mappings.count - 1
      }
      note("mapping \(new)")
    }
    return Instant(seconds: org.clock(now))
  }

  private mutating func record(_ cycle: ObjectCycle) throws(CycleViolation) {
    guard let window = object.underWay.first(where: { $0.id == cycle.id })?.window else { return }
    org.calls += 1
    let mapping = mappings.count - 1
    let rows = read(cycle.kind, cycle.extent, window, 0..<Int.max, mapping, after: nil, limit: .max).count
    if rows > ModelOrg.pageRows, chance.below(4) == 0, cycle.phase == .waiting {
      try apply(.sampled(cycle: cycle.id))
      return
    }
    var ranges = [0..<Int.max]
    if rows > ModelOrg.pageRows, chance.below(2) == 0 {
      let cut = 1 + chance.below(org.records.count)
      ranges = [0..<cut, cut..<Int.max]
    }
    if rows == 0, cycle.kind != .initial { ranges = [] }
    guard try apply(.recorded(cycle: cycle.id, jobs: ranges.count)) else { return }
    plans[cycle.id] = nil
    let isBulk =
      ranges.count > 1 || chance.below(4) == 0 || (scenario.isAboutTypes && cycle.kind == .backfill)
    for range in ranges {
      jobs.append(
        ReadJob(
          cycle: cycle.id, kind: cycle.kind, extent: cycle.extent, window: window, range: range, isBulk: isBulk,
          mapping: mapping))
    }
  }

  /// What the source answers to a query of a cycle.
  func read(
    _ kind: CycleKind, _ extent: BackfillExtent, _ window: DeltaWindow, _ range: Range<Int>, _ mapping: Int,
    after: Keyset?, limit: Int
  ) -> [PageRecord] {
    let types = mappings[mapping].types
    guard kind == .delta else {
      return org.copy(range, types: extent == .everything ? [] : types, after: after?.id, limit: limit)
    }
    return org.changes(
      window, range, includeDeleted: defect != .queryWithoutDeleted,
      types: defect == .recordTypeFilterInDelta ? types : [], after: after,
      stampAlone: defect == .keysetByStampAlone, limit: limit)
  }
}

extension ModelMapping {
  private static let forms: [ObjectMapping] = [[], ["FirstName"]].compactMap { further in
    let schema = SourceObjectSchema(
      name: "User",
      fields: [SourceField(name: "Id", type: .id), SourceField(name: "SystemModstamp", type: .datetime)]
        + further.map { SourceField(name: $0, type: .string) })
    return try? ObjectMapping(ObjectSelection(.users), schema)
  }

  /// The same in the product's words.
  var productForm: (mapping: ObjectMapping, scope: SelectionScope) {
    (Self.forms[hasField ? 1 : 0], SelectionScope(recordTypes: types.map { "012\($0)" }))
  }
}
