/// All objects of the simulated org, in the order of `ObjectKind`.
struct OrgSchema {
  let objects: [ObjectDefinition]

  init(words: Words, builder: inout Lexicon.Builder, wideAccounts: Bool) {
    let make = FieldBuilder(words: words)
    let calls = CallFields(make: make)
    let others = OtherFields(make: make)
    let accounts = AccountFields(make: make, wide: wideAccounts)
    var objects: [ObjectDefinition] = []
    for kind in ObjectKind.allCases {
      switch kind {
      case .account:
        objects.append(.init(kind, "Account", "Account", keyPrefix: "001", fields: accounts.fields(&builder)))
      case .call:
        objects.append(.init(kind, "Call2_vod__c", "Call", keyPrefix: "a04", fields: calls.call(&builder)))
      case .callKeyMessage:
        objects.append(
          .init(
            kind, "Call2_Key_Message_vod__c", "Call Key Message", keyPrefix: "a05", fields: calls.keyMessage(&builder)))
      case .activity:
        objects.append(
          .init(
            kind, "Multichannel_Activity_vod__c", "Multichannel Activity", plural: "Multichannel Activities",
            keyPrefix: "a1M", fields: calls.activity(&builder)))
      case .activityLine:
        objects.append(
          .init(
            kind, "Multichannel_Activity_Line_vod__c", "Multichannel Activity Line", keyPrefix: "a1N",
            fields: calls.activityLine(&builder)))
      default: objects.append(others.object(kind, &builder))
      }
    }
    self.objects = objects
  }
}
