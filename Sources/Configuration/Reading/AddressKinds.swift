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

  /// Where to log in to an org.
  static var loginURL: ValueKind { service("https://acme.my.salesforce.com") }

  /// An instance of Marketo Engage, as its Admin page shows it, with or without what the page adds to the host.
  /// - Parameter folder: such as `/rest`.
  static func marketo(folder: String) -> ValueKind {
    service("https://123-ABC-456.mktorest.com", paths: [folder, folder + "/"], hint: " (\(folder) may follow)")
  }

  /// A service on the web. Passwords and data go this way, so only TLS will do, except within this machine.
  /// - Parameter paths: what may stand behind the host.
  private static func service(_ example: String, paths: [String] = [], hint: String = "") -> ValueKind {
    let base = url(["https", "http"], example: example)
    return ValueKind(base.type, text: base.text) { scalar, loading throws(Complaint) in
      let url = try base.parse(scalar, loading)
      guard url.user == nil, url.password == nil, url.query.isEmpty, (["", "/"] + paths).contains(url.path),
        url.hosts.count == 1
      else {
        throw Complaint(
          .invalid, "the URL \(scalar.quoted) holds more than a host",
          "write \(example)\(hint), without user, path and query")
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
