/// The fields of calls, their key messages, and of the custom objects one and two levels below Account.
struct CallFields {
  let make: FieldBuilder

  private func account(_ name: String = "Account_vod__c", _ relationship: String = "Account_vod__r") -> FieldDefinition
  {
    make.reference(
      name, label: "Account", to: ["Account"], relationship, .reference(.init(object: .account, rule: .account)),
      nulls: 10)
  }

  private func contact() -> FieldDefinition {
    make.reference(
      "Contact_vod__c", label: "Contact", to: ["Contact"], "Contact_vod__r",
      .reference(.init(object: .contact, rule: .personContact)), nulls: 500)
  }

  private func user() -> FieldDefinition {
    make.reference(
      "User_vod__c", label: "User", to: ["User"], "User_vod__r", .reference(.init(object: .user, rule: .any)), nulls: 50
    )
  }

  private func foreign(_ name: String, to object: String, _ prefix: String, nulls: Int = 300) -> FieldDefinition {
    let bytes = Array(prefix.utf8) + [0x30, 0x30, 0x30]
    return make.reference(
      name, to: [object], String(name.dropLast(1)) + "r", .foreignID(bytes[0], bytes[1], bytes[2], count: 40),
      nulls: nulls)
  }

  func call(_ builder: inout Lexicon.Builder) -> [FieldDefinition] {
    let types = [
      "Detail Only", "Detail with Sample", "Group Detail", "Group Detail with Sample", "Sample Only", "Call Only",
    ]
    return make.head() + [make.owner(), make.autoNumber("C", "Call Name"), make.recordType()] + make.tail() + [
      account(), contact(), user(),
      make.picklist("Call_Type_vod__c", types, &builder, nulls: 20),
      make.date("Call_Date_vod__c", label: "Date", .callDate, nulls: 5),
      make.datetime("Call_Datetime_vod__c", label: "Datetime", .created, nulls: 100),
      make.number(
        "Is_Parent_Call_vod__c", label: "Is Parent Call", .parentCall, scale: 0, nulls: 0,
        formula: "IF(ISBLANK(Parent_Call_vod__c), 1, 0)"),
      make.reference(
        "Parent_Call_vod__c", to: ["Call2_vod__c"], "Parent_Call_vod__r",
        .reference(.init(object: .call, rule: .any)), nulls: 850),
      make.picklist(
        "Status_vod__c", label: "Status", ["Planned_vod", "Saved_vod", "Submitted_vod"], &builder, nulls: 0),
      make.picklist(
        "Attendee_Type_vod__c", ["Person_Account_vod", "Group_Account_vod", "Contact_vod"], &builder, nulls: 100),
      make.picklist(
        "Call_Channel_vod__c", ["Face_to_face_vod", "Phone_vod", "Video_vod", "Email_vod"], &builder),
      make.text("Territory_vod__c", .word(make.words.roles), length: 100),
      make.number("Duration_vod__c", .decimal(.count), precision: 4, scale: 0, nulls: 400),
      make.text(
        "Detailed_Products_vod__c", .words(make.words.titles, make.words.states), length: 2000, type: .textarea,
        nulls: 500),
      make.boolean("CLM_vod__c", label: "CLM", permille: 300),
      make.boolean("Is_Sampled_Call_vod__c", permille: 120, updateable: false),
      make.text(
        "Call_Comments_vod__c", .prose(make.words.phrases), length: 800, type: .textarea, nulls: 700, odd: 40),
      make.text("Next_Call_Notes_vod__c", .prose(make.words.phrases), length: 800, type: .textarea, nulls: 850),
      make.text("Mobile_ID_vod__c", .code(digits: 12), length: 100, nulls: 300),
      make.datetime("Mobile_Last_Modified_Datetime_vod__c", .modified, nulls: 400),
    ]
  }

  func keyMessage(_ builder: inout Lexicon.Builder) -> [FieldDefinition] {
    let words = make.words
    return make.head() + [make.autoNumber("K", "Key Message Number")] + make.tail() + [
      make.reference(
        "Call2_vod__c", label: "Call", to: ["Call2_vod__c"], "Call2_vod__r",
        .reference(.init(object: .call, rule: .parent)),
        nillable: false, order: 0),
      account(), contact(), user(),
      make.picklist(
        "Category_vod__c", ["Efficacy", "Safety", "Dosing", "Access & Reimbursement"], &builder, nulls: 150),
      make.text(
        "Clm_Presentation_Name_vod__c", label: "CLM Presentation Name", .words(words.titles, words.cities), nulls: 300),
      make.text("Key_Message_Name_vod__c", .words(words.titles, words.states), odd: 8),
      make.formula("Product_Name__c", .words(words.organisations, words.states), "Product_vod__r.Name"),
      make.picklist("Reaction_vod__c", ["Positive", "Neutral", "Negative"], &builder, nulls: 300),
      foreign("Key_Message_vod__c", to: "Key_Message_vod__c", "a0K"),
      foreign("Product_vod__c", to: "Product_vod__c", "a00", nulls: 50),
      make.date("Call_Date_vod__c", label: "Call Date", .callDate),
      make.datetime("Start_Time_vod__c", .created, nulls: 500),
      make.number("Duration_vod__c", .decimal(.score), precision: 10, scale: 0, nulls: 300),
      make.number("Display_Order_vod__c", .decimal(.count), precision: 4, scale: 0),
      make.picklist("Vehicle_vod__c", ["iPad_vod", "Laptop_vod", "Remote_vod"], &builder),
      make.text("CLM_ID_vod__c", label: "CLM ID", .shortReference(.init(object: .call, rule: .parent)), length: 100),
      make.text("Slide_Version_vod__c", .code(digits: 2), length: 100, nulls: 500),
    ]
  }

  func activity(_ builder: inout Lexicon.Builder) -> [FieldDefinition] {
    make.head() + [make.owner(), make.autoNumber("M", "Activity Name"), make.recordType()] + make.tail() + [
      account(),
      make.reference(
        "Call_vod__c", to: ["Call2_vod__c"], "Call_vod__r", .reference(.init(object: .call, rule: .any)), nulls: 600),
      make.datetime("Start_DateTime_vod__c", .created),
      make.text("VExternal_Id_vod__c", .code(digits: 12), length: 255, nulls: 200),
      make.text("MCD_Primary_Key_vod__c", .shortReference(.init(object: .account, rule: .account)), length: 100),
      make.picklist("Device_vod__c", ["Desktop", "Mobile", "Tablet"], &builder),
      make.text("City_vod__c", .word(make.words.cities), odd: 8),
    ]
  }

  func activityLine(_ builder: inout Lexicon.Builder) -> [FieldDefinition] {
    make.head() + [make.autoNumber("L", "Line Number")] + make.tail() + [
      make.reference(
        "Multichannel_Activity_vod__c", to: ["Multichannel_Activity_vod__c"], "Multichannel_Activity_vod__r",
        .reference(.init(object: .activity, rule: .parent)), nillable: false, order: 0),
      make.number("View_Order_vod__c", .decimal(.count), precision: 4, scale: 0, nulls: 50),
      make.number("Duration_vod__c", .decimal(.wild), precision: 10, scale: 2),
      foreign("Key_Message_vod__c", to: "Key_Message_vod__c", "a0K"),
      make.text("Custom_vod__c", .prose(make.words.phrases), length: 255, nulls: 600, odd: 24),
    ]
  }
}
