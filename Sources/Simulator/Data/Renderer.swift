/// Writes the values of rows as bytes.
struct Renderer {
  let data: DataSet

  /// Writes a value without the quotes around it.
  /// - Returns: false when the value is null; nothing was written then.
  @inline(__always)
  func value(_ field: FieldProgram, _ row: Row, _ form: Lexicon.Form, _ sink: inout ByteSink) -> Bool {
    if row.change >= 0, let value = data.changedValue(field.slot, row) { return put(value, form, &sink) }
    let chance = Mixing.mix(row.chance, field.slot)
    if row.bad != 0, plant(field, row, &sink) { return true }
    if field.personOnly, !row.isPerson {
      guard case .boolean = field.content else { return false }
      sink.reserve(5)
      putBoolean(false, &sink)
      return true
    }
    if chance & 1023 < field.nulls { return false }
    if field.odd > 0, (chance >> 10) & 4095 < field.odd {
      data.lexicon.write(data.words.oddities, pick(data.words.oddities, chance), form, &sink)
      return true
    }
    sink.reserve(128)
    return content(field, row, chance, form, &sink)
  }

  /// Whether `value` plants something that the field cannot hold.
  func isPlanted(_ field: FieldProgram, _ row: Row) -> Bool {
    guard row.bad != 0, !field.personOnly || row.isPerson, data.changedValue(field.slot, row) == nil else {
      return false
    }
    switch (row.bad, field.content) {
    case (1, .decimal(.wild)), (2, .date(.recent)), (3, .integer), (4, .datetime(.recent)): return true
    default: return false
    }
  }

  @inline(never)
  private func plant(_ field: FieldProgram, _ row: Row, _ sink: inout ByteSink) -> Bool {
    guard isPlanted(field, row) else { return false }
    switch row.bad {
    case 1: sink.append("abc")
    case 2: sink.append("2026-02-30")
    case 3: sink.append("12x")
    default: sink.append("2026-13-01T25:00:00.000Z")
    }
    return true
  }

  @inline(__always)
  func pick(_ table: Lexicon.Table, _ chance: UInt64) -> Int { Mixing.below(Int(table.count), chance) }

  @inline(__always)
  private func content(
    _ field: FieldProgram, _ row: Row, _ chance: UInt64, _ form: Lexicon.Form, _ sink: inout ByteSink
  ) -> Bool {
    switch field.content {
    case .id: id(row.object, row.index, &sink)
    case .reference(let reference):
      guard let target = data.target(reference, of: row, chance) else { return false }
      id(reference.object, target, &sink)
    case .shortReference(let reference):
      guard let target = data.target(reference, of: row, chance) else { return false }
      data.write15(reference.object, target, &sink)
    case .foreignID(let a, let b, let c, let count): foreignID((a, b, c), Mixing.below(Int(count), chance), &sink)
    case .null: return false
    case .word(let table): data.lexicon.write(table, pick(table, chance), form, &sink)
    case .multipicklist(let table): multipicklist(table, chance, form, &sink)
    case .boolean(let permille): putBoolean(Mixing.below(1000, chance) < Int(permille), &sink)
    case .integer(let low, let high): sink.putDecimal(Int(low) &+ Mixing.below(Int(high &- low) &+ 1, chance))
    case .decimal(let style): decimal(style, chance, &sink)
    case .date(let style): putDate(dateOf(style, chance), &sink)
    case .datetime(let style): putInstant(instantOf(style, chance), form, &sink)
    case .created: putInstant(data.created(row), form, &sink)
    case .modified where field.nulls == 0: putInstant(data.modified(row), form, &sink)
    case .modified: putInstant(data.generatedModified(row), form, &sink)
    case .systemModstamp: putInstant(data.systemModstamp(row), form, &sink)
    case .isDeleted: putBoolean(row.isDeleted, &sink)
    case .isPersonAccount: putBoolean(row.isPerson, &sink)
    case .callDate: putDate(data.created(row) / 86_400 &- Mixing.below(4, chance), &sink)
    case .firstName, .lastName, .accountName, .fullName, .email, .phone, .url, .login, .street, .words:
      names(field, row, chance, form, &sink)
    default: return rare(field, row, chance, form, &sink)
    }
    return true
  }

  private func names(
    _ field: FieldProgram, _ row: Row, _ chance: UInt64, _ form: Lexicon.Form, _ sink: inout ByteSink
  ) {
    let words = data.words
    switch field.content {
    case .firstName: firstName(row, form, &sink)
    case .lastName: lastName(row, form, &sink)
    case .fullName:
      firstName(row, form, &sink)
      sink.append(0x20)
      lastName(row, form, &sink)
    case .accountName where row.isPerson:
      firstName(row, form, &sink)
      sink.append(0x20)
      lastName(row, form, &sink)
    case .accountName:
      data.lexicon.write(words.organisations, pick(words.organisations, row.chance), form, &sink)
      sink.append(0x20)
      data.lexicon.write(words.cities, pick(words.cities, row.chance << 16), form, &sink)
    case .words(let first, let second):
      data.lexicon.write(first, pick(first, chance), form, &sink)
      sink.append(0x20)
      data.lexicon.write(second, pick(second, chance << 16), form, &sink)
    case .street(let table):
      sink.putDecimal(1 &+ Int(chance & 255))
      sink.put(0x20)
      data.lexicon.write(table, pick(table, chance), form, &sink)
    case .phone: phone(chance, &sink)
    default: addresses(field, row, chance, form, &sink)
    }
  }

  private func addresses(
    _ field: FieldProgram, _ row: Row, _ chance: UInt64, _ form: Lexicon.Form, _ sink: inout ByteSink
  ) {
    let words = data.words
    if case .url = field.content { sink.append("https://www.") }
    data.lexicon.write(words.plainNames, pick(words.plainNames, row.chance), form, &sink)
    sink.reserve(64)
    sink.put(0x2E)
    sink.putDecimal(row.index)
    if case .url = field.content {
      sink.put(0x2E)
    } else {
      sink.put(0x40)
    }
    data.lexicon.write(words.domains, pick(words.domains, chance), form, &sink)
  }

  /// The contents that few fields have.
  @inline(never)
  private func rare(
    _ field: FieldProgram, _ row: Row, _ chance: UInt64, _ form: Lexicon.Form, _ sink: inout ByteSink
  ) -> Bool {
    let words = data.words
    switch field.content {
    case .prose(let table): prose(table, chance, form, &sink)
    case .code(let digits): sink.putPadded(UInt(truncatingIfNeeded: chance >> 8), Int(min(16, digits)))
    case .autoNumber(let letter):
      sink.put(letter)
      sink.put(0x2D)
      sink.putPadded(UInt(bitPattern: row.index), 9)
    case .time:
      sink.putPadded(UInt(chance >> 40) % 24, 2)
      sink.put(0x3A)
      sink.putPadded(UInt(chance >> 16) % 4 * 15, 2)
      sink.append(":00.000Z")
    case .masked:
      sink.append("****")
      sink.putPadded(UInt(truncatingIfNeeded: chance >> 8), 4)
    case .latitude: degrees(90, chance, &sink)
    case .longitude: degrees(180, chance, &sink)
    case .isActive: putBoolean(chance & 7 != 0, &sink)
    case .recordTypeDeveloperName: data.lexicon.write(words.recordTypes, row.index, form, &sink)
    case .recordTypeLabel: data.lexicon.write(words.recordTypeNames, row.index, form, &sink)
    case .recordTypeObject: data.lexicon.write(words.recordTypeObjects, row.index, form, &sink)
    case .recordTypeIsPerson: putBoolean(RecordTypes.all[row.index].isPersonType, &sink)
    case .profileName: data.lexicon.write(words.profiles, row.index % Int(words.profiles.count), form, &sink)
    case .roleName: data.lexicon.write(words.roles, row.index % Int(words.roles.count), form, &sink)
    case .constants(let first, let count, _):
      return put(data.constants[Int(first) + Mixing.below(Int(count), chance)], form, &sink)
    case .wholeDecimal(let low, let high):
      sink.putDecimal(Int(low) &+ Mixing.below(Int(high &- low) &+ 1, chance))
      sink.append(".0")
    case .dayInstant(let style): putInstant(dateOf(style, chance) &* 86_400, form, &sink)
    case .dayText(let style): putDate(dateOf(style, chance), &sink)
    case .instantText(let style): putInstant(instantOf(style, chance), .csv, &sink)
    case .parentCall: sink.append(chance & 7 == 0 ? "0.0" : "1.0")
    case .blob:
      sink.append("/services/data/v62.0/sobjects/Account/")
      sink.reserve(64)
      id(row.object, row.index, &sink)
      sink.append("/Portrait__c")
    default: return false
    }
    return true
  }
}
