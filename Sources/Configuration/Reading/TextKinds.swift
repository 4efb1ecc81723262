extension ValueKind where Value == String {
  /// A text that is not empty.
  static var text: ValueKind {
    ValueKind("text", text: { $0 }) { scalar, _ throws(Complaint) in
      guard !scalar.text.isEmpty else {
        throw Complaint(.invalid, "the value is empty", "give it a value or remove the key")
      }
      return scalar.text
    }
  }

  /// A text that fulfils a rule.
  static func name(_ type: String, rule: String, _ isValid: @escaping (String) -> Bool) -> ValueKind {
    ValueKind(type, text: { $0 }) { scalar, _ throws(Complaint) in
      guard isValid(scalar.text) else {
        throw Complaint(.invalid, "\(scalar.quoted) cannot be \(type)", rule)
      }
      return scalar.text
    }
  }

  /// Salesforce: the API name of a field.
  static var fieldName: ValueKind {
    name(
      "a field's API name", rule: "write it as `crmsync schema` shows it, such as Specialty_1_vod__c",
      Characters.isAPIName)
  }

  /// Salesforce: the developer name of a record type.
  static var recordTypeName: ValueKind {
    name(
      "a record type's developer name", rule: "write the developer name, not the label, such as Professional_vod",
      Characters.isAPIName)
  }

  /// The name of a schema in PostgreSQL.
  static var schemaName: ValueKind {
    name(
      "a schema name",
      rule: "use up to 63 lower-case letters, digits and underscores, no digit first, no pg_ in front"
    ) { Characters.isSchemaName($0) && !$0.hasPrefix("pg_") && $0 != "information_schema" }
  }

  /// Salesforce REST API: from 58.0 on, bulk results can be fetched in parallel pages.
  static var apiVersion: ValueKind {
    ValueKind("API version, 58.0 or later", text: { $0 }) { scalar, _ throws(Complaint) in
      let parts = scalar.text.split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count == 2, parts[1] == "0", parts[0].utf8.count <= 3, let number = Digits.number(parts[0]) else {
        throw Complaint(.invalid, "\(scalar.quoted) is not an API version", "write a version such as \"62.0\"")
      }
      guard number >= 58 else {
        throw Complaint(
          .outOfRange, "API version \(scalar.quoted) is too old",
          "use 58.0 or later: from there on, bulk results can be fetched in parallel")
      }
      return "\(number).0"
    }
  }

  /// A file that exists and can be read.
  static var file: ValueKind {
    ValueKind("file name", text: { $0 }) { scalar, loading throws(Complaint) in
      let path = loading.resolve(scalar.text)
      do throws(BoundedFile.Failure) {
        _ = try BoundedFile.bytes(path, limit: 16 << 20)
      } catch {
        throw Complaint(
          .unreadable, "the file \(scalar.quoted) cannot be read: \(error.reason)", FileHint.remedy(loading))
      }
      return path
    }
  }
}

extension ValueKind where Value == Bool {
  /// Yes or no, in the words of YAML 1.2.
  static var flag: ValueKind {
    ValueKind("true or false", isPlain: true, text: { $0 ? "true" : "false" }) { scalar, _ throws(Complaint) in
      switch scalar.text {
      case "true": return true
      case "false": return false
      default:
        let nearest = NearestName.find(scalar.text, among: ["true", "false"]).flatMap { $0.isClose ? $0.name : nil }
        throw Complaint(
          .wrongType, "\(scalar.quoted) is neither true nor false",
          nearest.map { "did you mean \($0)?" } ?? "write true or false")
      }
    }
  }
}

extension ValueKind where Value: RawRepresentable<String> & CaseIterable {
  /// One of a few words.
  static var choice: ValueKind {
    let words = Value.allCases.map(\.rawValue)
    return ValueKind("one of " + words.joined(separator: ", "), text: { $0.rawValue }) { scalar, _ throws(Complaint) in
      guard let value = Value(rawValue: scalar.text) else {
        let nearest = NearestName.find(scalar.text, among: words).flatMap { $0.isClose ? $0.name : nil }
        throw Complaint(
          .invalid, "\(scalar.quoted) is not known here",
          (nearest.map { "did you mean \($0)? " } ?? "") + "write one of \(words.joined(separator: ", "))")
      }
      return value
    }
  }
}
