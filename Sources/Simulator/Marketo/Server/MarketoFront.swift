import HTTPTypes
import HummingbirdCore
import NIOCore

/// The instance's HTTP side: reads requests, writes answers, and spoils them where a fault says so.
struct MarketoFront: Sendable {
  let instance: MarketoInstance

  /// Marketo compresses answers from this size on, and none of its bulk calls (reference 2).
  private static let leastCompressed = 1024

  func handle(_ request: Request, _ writer: consuming ResponseWriter) async throws {
    let wire = try await HTTPFront.read(request)
    if wire.path.first == "simulator" {
      let response = await MarketoAdmin(instance: instance).answer(Array(wire.path.dropFirst()), wire)
      try await send(response, [], writer)
      return
    }
    let faults = instance.faults.fire {
      ($0.method ?? wire.method).uppercased() == wire.method && ($0.path.map(wire.target.contains) ?? true)
    }
    // A task of its own: what a client gave up waiting for is carried out all the same (16, 7).
    let instance = instance
    var response = await Task { await MarketoResponder(instance: instance).answer(wire, faults) }.value
    if wire.acceptsGzip { response = try Self.compressed(response, wire) }
    response = Self.spoiled(response, faults)
    let name = MarketoCall(wire.target)?.name ?? "unknown"
    instance.ledger.note(endpoint: "\(wire.method) \(name)", status: response.status, bytes: Self.bytes(response).count)
    if faults.contains(where: { $0.kind == .cut }) { throw HTTPFront.Cut() }
    try await send(response, faults, writer)
  }

  private static func bytes(_ response: WireResponse) -> [UInt8] {
    guard case .bytes(let bytes) = response.body else { return [] }
    return bytes
  }

  private static func compressed(_ response: WireResponse, _ request: WireRequest) throws -> WireResponse {
    let bytes = bytes(response)
    guard bytes.count >= leastCompressed, request.path.first != "bulk" else { return response }
    var response = response
    response.body = .bytes(try Deflater.gzip(bytes))
    response.headers.append(("Content-Encoding", "gzip"))
    return response
  }

  /// The answer with its body shortened, though it looks complete.
  private static func spoiled(_ response: WireResponse, _ faults: [MarketoFault]) -> WireResponse {
    guard let fault = faults.first(where: { $0.kind == .truncatedBody }) else { return response }
    var response = response
    let bytes = bytes(response)
    response.body = .bytes(Array(bytes.prefix(fault.bytes ?? bytes.count / 2)))
    return response
  }

  private func send(_ response: WireResponse, _ faults: [MarketoFault], _ writer: consuming ResponseWriter) async throws
  {
    var fields = HTTPFields()
    for (name, value) in response.headers {
      if let name = HTTPField.Name(name) { fields[name] = value }
    }
    fields[.date] = WireTime.http(instance.clock.seconds)
    let bytes = Self.bytes(response)
    if response.status != 204 { fields[.contentLength] = String(bytes.count) }
    let head = HTTPResponse(status: .init(code: response.status), headerFields: fields)
    guard let cut = faults.first(where: { $0.kind == .cutBody }) else {
      let body = bytes.isEmpty ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
      try await writer.write(response: head, body: body)
      return
    }
    var body = try await writer.writeHead(head)
    let sent = bytes.prefix(min(cut.bytes ?? bytes.count / 2, bytes.count))
    if !sent.isEmpty { try await body.write(ByteBuffer(bytes: sent)) }
    throw HTTPFront.Cut()
  }
}
