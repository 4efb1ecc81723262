import Foundation

/// A parsed JSON value, for looking into answers.
struct JSON: @unchecked Sendable {
  // Proof of Sendable: what JSONSerialization returns is never changed.
  let value: Any?

  init(value: Any?) { self.value = value }

  init(_ bytes: [UInt8]) {
    value = try? JSONSerialization.jsonObject(with: Data(bytes), options: [.fragmentsAllowed])
  }

  subscript(_ name: String) -> JSON { JSON(value: (value as? [String: Any])?[name]) }

  subscript(_ place: Int) -> JSON {
    let list = list
    return list.indices.contains(place) ? list[place] : JSON(value: nil)
  }

  var list: [JSON] { (value as? [Any])?.map { JSON(value: $0) } ?? [] }

  var names: [String] { (value as? [String: Any]).map { Array($0.keys) } ?? [] }

  var text: String? { value as? String }

  var number: Int? { value as? Int }

  var truth: Bool? { value as? Bool }

  var isNull: Bool { value == nil || value is NSNull }
}
