/// Fields of leads and of companies: read, create, change (reference 6, 7).
struct FieldEndpoint: Sendable {
  let context: MarketoContext

  private static let mostCreated = 100

  private var instance: MarketoInstance { context.instance }

  func answer() throws(MarketoReason) -> MarketoAnswer {
    switch context.call {
    case .companyFields: return try list(instance.withData { $0.companies.fields })
    case .companyField(let name): return try one(name, instance.withData { $0.companies.fields })
    case .leadFields:
      return context.method == "GET" ? try list(instance.withData { $0.leads.fields }) : try create()
    case .leadField(let name):
      return context.method == "GET" ? try one(name, instance.withData { $0.leads.fields }) : try update(name)
    default: throw .noResource
    }
  }

  private func list(_ fields: [MarketoField]) throws(MarketoReason) -> MarketoAnswer {
    let (page, next) = try context.page(of: fields.filter(\.isInREST))
    return .page(page.map(Self.shown), next: next, more: next != nil)
  }

  private func one(_ name: String, _ fields: [MarketoField]) throws(MarketoReason) -> MarketoAnswer {
    guard let field = fields.first(where: { $0.name == name && $0.isInREST }) else { throw .noField(name) }
    return .result([Self.shown(field)])
  }

  private static func shown(_ field: MarketoField) -> JSONValue {
    field.described([
      ("description", .string(field.details)), ("isHidden", .bool(field.isHidden)),
      ("isHtmlEncodingInEmail", .bool(field.isEncodedInEmail)), ("isSensitive", .bool(field.isSensitive)),
      ("isCustom", .bool(field.isCustom)), ("isApiCreated", .bool(field.isMadeByAPI)),
    ])
  }

  private func create() throws(MarketoReason) -> MarketoAnswer {
    let input = try context.input()
    guard input.count <= Self.mostCreated else { throw .invalid("At most \(Self.mostCreated) fields per call") }
    return .result(
      instance.withData { data in
        input.enumerated().map { place, members in
          let definition = JSONValue.object(members)
          let name = definition["name"]?.text ?? ""
          do throws(MarketoReason) {
            if let fault = context.recordFaults[place] { throw fault }
            let field = try Self.field(definition)
            guard !data.leads.fields.contains(where: { $0.name == name || $0.displayName == field.displayName }) else {
              throw .objectExists
            }
            data.leads.set(field)
            return .object([("name", .string(name)), ("status", .string("created"))])
          } catch {
            return .object([("name", .string(name)), ("status", .string("skipped")), context.reasons(error)])
          }
        }
      })
  }

  private static func field(_ definition: JSONValue) throws(MarketoReason) -> MarketoField {
    guard let name = definition["name"]?.text else { throw .missing("name") }
    guard let displayName = definition["displayName"]?.text, !displayName.isEmpty else { throw .missing("displayName") }
    guard let word = definition["dataType"]?.text else { throw .missing("dataType") }
    guard let type = MarketoType(rawValue: word), MarketoType.creatableOnLead.contains(type) else {
      throw .badValue(word, "dataType")
    }
    guard MarketoData.isName(name) else { throw .invalid("Invalid name '\(name)'") }
    guard displayName.allSatisfy({ $0.isLetter || $0.isNumber || $0 == " " || $0 == "_" || $0 == "-" }) else {
      throw .invalid("Invalid displayName '\(displayName)'")
    }
    var field = MarketoField(name, displayName, type)
    (field.isCustom, field.isMadeByAPI) = (true, true)
    field.details = definition["description"]?.text ?? ""
    field.isHidden = definition["isHidden"]?.truth ?? false
    field.isEncodedInEmail = definition["isHtmlEncodingInEmail"]?.truth ?? true
    field.isSensitive = definition["isSensitive"]?.truth ?? false
    return field
  }

  private static let changeable: Set<String> = ["description", "isHtmlEncodingInEmail", "isSensitive"]
  private static let changeableOnCustom: Set<String> = ["displayName", "isHidden"]

  private func update(_ name: String) throws(MarketoReason) -> MarketoAnswer {
    let input = try context.input()
    guard input.count == 1, let members = input.first else { throw .invalid("input takes one object") }
    return try instance.tryData { data throws(MarketoReason) in
      guard let place = data.leads.place(name), data.leads.fields[place].isInREST else { throw .noField(name) }
      var field = data.leads.fields[place]
      for (member, value) in members {
        guard Self.changeable.contains(member) || (field.isCustom && Self.changeableOnCustom.contains(member)) else {
          throw .invalid("'\(member)' of field '\(name)' cannot be changed")
        }
        switch member {
        case "displayName": field.displayName = value.text ?? field.displayName
        case "isHidden": field.isHidden = value.truth ?? field.isHidden
        case "isHtmlEncodingInEmail": field.isEncodedInEmail = value.truth ?? field.isEncodedInEmail
        case "isSensitive": field.isSensitive = value.truth ?? field.isSensitive
        default: field.details = value.text ?? field.details
        }
      }
      data.leads.set(field)
      return .result([.object([("name", .string(name)), ("status", .string("updated"))])])
    }
  }
}
