public import SyncModel

extension TenantConfiguration {
  /// The objects that are copied, in the order in which they are best begun.
  public var selections: [ObjectSelection] {
    let months = objects.calls?.months ?? Calls().months
    var selections: [ObjectSelection] = []
    if let it = objects.personAccounts {
      selections.append(
        ObjectSelection(
          .personAccounts, recordTypes: it.recordTypes, exclude: it.exclude, include: it.include,
          triggers: it.triggers, writesBack: it.writesBack))
    }
    if let it = objects.users {
      selections.append(ObjectSelection(.users, exclude: it.exclude, include: it.include, triggers: it.triggers))
    }
    if let it = objects.calls {
      selections.append(
        ObjectSelection(.calls, months: months, exclude: it.exclude, include: it.include, triggers: it.triggers))
    }
    if let it = objects.callKeyMessages {
      selections.append(
        ObjectSelection(
          .callKeyMessages, months: months, exclude: it.exclude, include: it.include, triggers: it.triggers))
    }
    return selections
      + objects.custom.map {
        ObjectSelection(.custom($0.name), exclude: $0.exclude, include: $0.include, triggers: $0.triggers)
      }
  }
}
