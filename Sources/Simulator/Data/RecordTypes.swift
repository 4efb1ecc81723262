/// The record types of the simulated org; a row's kind is a place in this list.
enum RecordTypes {
  struct Definition: Sendable {
    let object: String
    let developerName: String
    let label: String
    let isPersonType: Bool
  }

  static let all: [Definition] = [
    .init(object: "Account", developerName: "Professional_vod", label: "Professional", isPersonType: true),
    .init(
      object: "Account", developerName: "Business_Professional_vod", label: "Business Professional",
      isPersonType: true),
    .init(object: "Account", developerName: "Consumer_acme", label: "Consumer", isPersonType: true),
    .init(object: "Account", developerName: "Hospital_vod", label: "Hospital", isPersonType: false),
    .init(
      object: "Account", developerName: "HospitalDepartment_vod", label: "Hospital Department", isPersonType: false),
    .init(object: "Account", developerName: "Practice_vod", label: "Practice", isPersonType: false),
    .init(object: "Account", developerName: "Pharmacy_vod", label: "Pharmacy", isPersonType: false),
    .init(object: "Account", developerName: "MCO_vod", label: "Managed Care", isPersonType: false),
    .init(object: "Call2_vod__c", developerName: "CallReport_vod", label: "Call Report", isPersonType: false),
    .init(object: "Call2_vod__c", developerName: "MassAddCall_vod", label: "Mass Add Call", isPersonType: false),
    .init(
      object: "Multichannel_Activity_vod__c", developerName: "CLM_vod", label: "CLM Activity", isPersonType: false),
    .init(
      object: "Multichannel_Activity_vod__c", developerName: "Vault_Digital_Publishing_vod", label: "Publishing",
      isPersonType: false),
  ]

  static let professional: UInt8 = 0
  static let businessProfessional: UInt8 = 1
  static let consumer: UInt8 = 2
  static let firstBusiness: UInt8 = 3
  static let businessKinds = 5
  static let firstCall: UInt8 = 8
  static let firstActivity: UInt8 = 10
}
