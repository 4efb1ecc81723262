/// Writes rows as the records of a REST answer, parents as objects inside.
struct JSONRowWriter {
  private indirect enum Node {
    case value(key: String, FieldProgram)
    case compound(key: String, [(key: String, FieldProgram)], isLocation: Bool)
    case parent(key: String, Column.Step, ObjectDefinition, [Node])
  }

  private let renderer: Renderer
  private let object: ObjectDefinition
  private let nodes: [Node]
  private let recordURL: String

  /// - Parameter version: such as `62.0`, for the records' own addresses.
  init(renderer: Renderer, object: ObjectDefinition, columns: [Column], version: String) {
    self.renderer = renderer
    self.object = object
    nodes = Self.nodes(columns, depth: 0, renderer.data)
    recordURL = "/services/data/v\(version)/sobjects/"
  }

  private static func nodes(_ columns: [Column], depth: Int, _ data: DataSet) -> [Node] {
    var nodes: [Node] = []
    var done: Set<String> = []
    for column in columns {
      guard column.steps.count > depth else {
        nodes.append(leaf(column, data))
        continue
      }
      let step = column.steps[depth]
      guard done.insert(step.relationship).inserted else { continue }
      let same = columns.filter { $0.steps.count > depth && $0.steps[depth].relationship == step.relationship }
      nodes.append(
        .parent(
          key: key(step.relationship), step, data.object(step.reference.object),
          Self.nodes(same, depth: depth + 1, data)))
    }
    return nodes
  }

  private static func key(_ name: String) -> String { "\"\(name)\":" }

  private static func leaf(_ column: Column, _ data: DataSet) -> Node {
    let programs = data.programs[Int(column.object.kind.rawValue)]
    switch column.program.content {
    case .address(let first):
      let names = ["street", "city", "state", "postalCode", "country"]
      let parts = names.enumerated().compactMap { place, name in
        programs.indices.contains(Int(first) + place) ? (key: key(name), programs[Int(first) + place]) : nil
      }
      return .compound(key: key(column.field.name), parts, isLocation: false)
    case .location(let first):
      let parts = ["latitude", "longitude"].enumerated().compactMap { place, name in
        programs.indices.contains(Int(first) + place) ? (key: key(name), programs[Int(first) + place]) : nil
      }
      return .compound(key: key(column.field.name), parts, isLocation: true)
    default: return .value(key: key(column.field.name), column.program)
    }
  }

  func row(_ row: Row, _ sink: inout ByteSink) { record(row, object, nodes, &sink) }

  private func record(_ row: Row, _ object: ObjectDefinition, _ nodes: [Node], _ sink: inout ByteSink) {
    sink.append("{\"attributes\":{\"type\":\"")
    sink.append(object.name)
    sink.append("\",\"url\":\"")
    sink.append(recordURL)
    sink.append(object.name)
    sink.append(0x2F)
    sink.reserve(32)
    renderer.id(row.object, row.index, &sink)
    sink.append("\"}")
    for node in nodes {
      sink.append(0x2C)
      write(node, row, &sink)
    }
    sink.append(0x7D)
  }

  private func write(_ node: Node, _ row: Row, _ sink: inout ByteSink) {
    switch node {
    case .value(let key, let program):
      sink.append(key)
      _ = value(program, row, &sink)
    case .compound(let key, let parts, let isLocation):
      sink.append(key)
      compound(parts, isLocation, row, &sink)
    case .parent(let key, let step, let object, let nodes):
      sink.append(key)
      if let parent = renderer.follow(step, row) {
        record(parent, object, nodes, &sink)
      } else {
        sink.append("null")
      }
    }
  }

  /// - Returns: whether the value is not null.
  @inline(__always)
  private func value(_ program: FieldProgram, _ row: Row, _ sink: inout ByteSink) -> Bool {
    let start = sink.count
    let quoted = program.quoting == .quoted || renderer.isPlanted(program, row)
    if quoted { sink.append(0x22) }
    guard renderer.value(program, row, .json, &sink) else {
      sink.truncate(to: start)
      sink.append("null")
      return false
    }
    if quoted { sink.append(0x22) }
    return true
  }

  private func compound(
    _ parts: [(key: String, FieldProgram)], _ isLocation: Bool, _ row: Row, _ sink: inout ByteSink
  ) {
    let start = sink.count
    var any = false
    sink.append(0x7B)
    for (place, part) in parts.enumerated() {
      if place > 0 { sink.append(0x2C) }
      sink.append(part.key)
      if value(part.1, row, &sink) { any = true }
    }
    if !isLocation { sink.append(",\"geocodeAccuracy\":null,\"latitude\":null,\"longitude\":null") }
    sink.append(0x7D)
    if !any {
      sink.truncate(to: start)
      sink.append("null")
    }
  }
}
