import HTTPTypes
import HummingbirdCore
import NIOCore

/// The org's HTTP side: reads requests, writes answers, and spoils them where a fault says so.
struct HTTPFront: Sendable {
  let responder: OrgResponder

  private var org: Org { responder.org }

  /// Thrown to close a connection in the middle of a body.
  struct Cut: Error {}

  private static let largestBody = 16 << 20
  /// More than an ingest job takes, so that it is the job that refuses.
  private static let largestUpload = 160 << 20

  func handle(_ request: Request, _ writer: consuming ResponseWriter) async throws {
    let isUpload = request.method == .put
    let wire = try await Self.read(request, upTo: isUpload ? Self.largestUpload : Self.largestBody)
    let endpoint = Endpoint(wire)
    if case .admin = endpoint {
      let response = await responder.answer(wire, endpoint, [])
      try await send(response, [], wire, writer)
      return
    }
    let faults = org.faults.fire(method: wire.method, target: wire.target)
    let latency = faults.filter { $0.kind == .latency }.reduce(org.settings.latency) {
      $0 + .milliseconds($1.milliseconds ?? 1000)
    }
    if latency > .zero { try await Task.sleep(for: latency) }
    var response = await responder.answer(wire, endpoint, faults)
    if wire.acceptsGzip { response = try await compressed(response) }
    response = try await spoiled(response, faults)
    org.ledger.note(endpoint: endpoint.name, status: response.status, bytes: Self.length(response.body))
    try await send(response, faults, wire, writer)
  }

  static func read(_ request: Request, upTo limit: Int = largestBody) async throws -> WireRequest {
    var request = request
    let body = try await request.collectBody(upTo: limit)
    let target = request.uri.string
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    var headers: [String: String] = [:]
    for field in request.headers { headers[field.name.canonicalName] = field.value }
    if let authority = request.head.authority { headers["host"] = authority }
    return WireRequest(
      method: request.method.rawValue, target: target,
      path: (parts.first ?? "").split(separator: "/").map { PercentCoding.decode($0, plusIsBlank: false) },
      query: parts.count > 1 ? PercentCoding.pairs(parts[1]) : [:], headers: headers,
      body: Array(body.readableBytesView))
  }

  private static func length(_ body: WireResponse.Body) -> Int {
    switch body {
    case .bytes(let bytes): bytes.count
    case .parts(let length, _, _): length
    }
  }

  private func compressed(_ response: WireResponse) async throws -> WireResponse {
    guard case .bytes(let bytes) = response.body, bytes.count > 1024 else { return response }
    var response = response
    response.body = .bytes(try await org.compute { try Deflater.gzip(bytes) })
    response.headers.append(("Content-Encoding", "gzip"))
    return response
  }

  /// The answer with its body shortened, though it looks complete.
  private func spoiled(_ response: WireResponse, _ faults: [SimulatedFault]) async throws -> WireResponse {
    let gzip = response.headers.contains { $0.0 == "Content-Encoding" }
    guard
      let fault = faults.first(where: { $0.kind == .truncatedBody || ($0.kind == .truncatedGzip && gzip) }),
      response.status == 200
    else { return response }
    var response = response
    let bytes = try await Self.whole(response.body)
    if fault.kind == .truncatedBody, gzip, case .bytes = response.body {
      response.headers.removeAll { $0.0 == "Content-Encoding" }
    }
    response.body = .bytes(Array(bytes.prefix(fault.bytes ?? bytes.count / 2)))
    return response
  }

  private static func whole(_ body: WireResponse.Body) async throws -> [UInt8] {
    switch body {
    case .bytes(let bytes): return bytes
    case .parts(let length, let count, let make):
      var bytes: [UInt8] = []
      bytes.reserveCapacity(length)
      for place in 0..<count { bytes += try await make(place) }
      return bytes
    }
  }

  private func send(
    _ response: WireResponse, _ faults: [SimulatedFault], _ request: WireRequest, _ writer: consuming ResponseWriter
  ) async throws {
    var fields = HTTPFields()
    for (name, value) in response.headers {
      if let name = HTTPField.Name(name) { fields[name] = value }
    }
    fields[.date] = WireTime.http(org.clock.seconds)
    let length = Self.length(response.body)
    if response.status != 204, response.status != 304 { fields[.contentLength] = String(length) }
    let head = HTTPResponse(status: .init(code: response.status), headerFields: fields)
    let cut = faults.first { $0.kind == .cutBody }.map { min($0.bytes ?? length / 2, length) }
    let slow = faults.first { $0.kind == .slowBody }.map { Duration.milliseconds($0.milliseconds ?? 100) }
    if case .bytes(let bytes) = response.body, cut == nil, slow == nil {
      let body = bytes.isEmpty ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
      try await writer.write(response: head, body: body)
      return
    }
    var body = try await writer.writeHead(head)
    try await stream(response.body, cut: cut, slow: slow, &body)
    try await body.finish(nil)
  }

  private func stream(
    _ body: WireResponse.Body, cut: Int?, slow: Duration?, _ writer: inout some ResponseBodyWriter
  ) async throws {
    var left = cut ?? .max
    let count: Int
    let make: @Sendable (Int) async throws -> [UInt8]
    switch body {
    case .bytes(let bytes): (count, make) = (1, { _ in bytes })
    case .parts(_, let parts, let part): (count, make) = (parts, part)
    }
    for place in 0..<count {
      var bytes = try await make(place)
      if bytes.count > left { bytes.removeLast(bytes.count - left) }
      left -= bytes.count
      if let slow {
        for start in stride(from: 0, to: bytes.count, by: 16_384) {
          try await Task.sleep(for: slow)
          try await writer.write(ByteBuffer(bytes: bytes[start..<min(bytes.count, start + 16_384)]))
        }
      } else if !bytes.isEmpty {
        try await writer.write(ByteBuffer(bytes: bytes))
      }
      if left == 0, cut != nil { throw Cut() }
    }
    if cut != nil { throw Cut() }
  }
}
