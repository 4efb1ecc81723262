/// A number of the data set's content: some rows of each object in full, so that it changes with the generator, too.
enum Fingerprint {
  static func of(_ data: DataSet) -> String {
    let renderer = Renderer(data: data)
    var sink = ByteSink()
    var hash: UInt64 = 1
    for object in data.objects {
      let rows = data.rows(object.kind)
      hash = Mixing.mix(hash, UInt64(rows))
      for sample in 0..<min(rows, 40) {
        sink.removeAll()
        let row = data.row(object.kind, sample * rows / min(rows, 40))
        for program in data.programs[Int(object.kind.rawValue)] {
          sink.append(renderer.value(program, row, .raw, &sink) ? 1 : 0)
        }
        for byte in sink.bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
      }
    }
    return "\(data.options)|\(hash)"
  }
}
