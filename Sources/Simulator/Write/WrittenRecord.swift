/// A record of an update's body: the fields named in it, and only those, are written.
struct WrittenRecord: Decodable, Sendable {
  /// API name of its object.
  var object: String?
  var id: String?
  /// By field name, as sent.
  var values: [String: JSONScalar]

  private struct Attributes: Decodable {
    let type: String?
  }

  private struct Name: CodingKey {
    let stringValue: String
    let intValue: Int? = nil

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  init(object: String?, id: String?, values: [String: JSONScalar]) {
    self.object = object
    self.id = id
    self.values = values
  }

  init(from decoder: any Decoder) throws {
    self.init(object: nil, id: nil, values: [:])
    let members = try decoder.container(keyedBy: Name.self)
    for name in members.allKeys {
      switch name.stringValue.lowercased() {
      case "attributes": object = try members.decode(Attributes.self, forKey: name).type
      case "id": id = try members.decodeIfPresent(String.self, forKey: name)
      default: values[name.stringValue] = try members.decode(JSONScalar.self, forKey: name)
      }
    }
  }
}
