extension ValueKind where Value == ServerURL {
  /// The URL of a server; its password is taken out of its text.
  static func url(_ schemes: [String], example: String, needsHost: Bool = true) -> ValueKind {
    ValueKind("URL, \(example)", text: { $0.text }) { scalar, _ throws(Complaint) in
      guard let url = ServerURL(scalar.text) else {
        throw Complaint(
          .invalid, "\(scalar.quoted) is not a URL",
          "write \(example); percent-encode special characters of user and password, or give the password by itself")
      }
      guard schemes.contains(url.scheme) else {
        throw Complaint(
          .invalid, "the URL \(scalar.quoted) does not begin with \(schemes.joined(separator: ":// or "))://",
          "write \(example)")
      }
      guard !url.hosts.isEmpty || !needsHost else {
        throw Complaint(.invalid, "the URL \(scalar.quoted) names no host", "write \(example)")
      }
      return url
    }
  }

  /// Where to log in to an org. Passwords and data go this way, so only TLS will do, except within this machine.
  static var loginURL: ValueKind {
    let example = "https://acme.my.salesforce.com"
    let base = url(["https", "http"], example: example)
    return ValueKind(base.type, text: base.text) { scalar, loading throws(Complaint) in
      let url = try base.parse(scalar, loading)
      guard url.user == nil, url.password == nil, url.query.isEmpty, ["", "/"].contains(url.path), url.hosts.count == 1
      else {
        throw Complaint(
          .invalid, "the URL \(scalar.quoted) holds more than a host", "write \(example), without user, path and query")
      }
      guard url.scheme == "https" || url.isLoopback else {
        throw Complaint(
          .invalid, "the URL \(scalar.quoted) would send credentials and data unencrypted",
          "write https://; http:// is for hosts of this machine only, such as 127.0.0.1")
      }
      return url
    }
  }
}

extension ValueKind where Value == ListenAddress {
  /// A host and a port to listen on.
  static var listen: ValueKind {
    ValueKind("host:port", text: { $0.description }) { scalar, _ throws(Complaint) in
      guard let address = ListenAddress(scalar.text) else {
        throw Complaint(
          .invalid, "\(scalar.quoted) is not a host and a port",
          "write host:port with a port from 0 to 65535, such as 127.0.0.1:8080")
      }
      return address
    }
  }
}
