/// One key made for these tests, in the two forms that PEM files come in; it opens nothing.
enum RSAKeys {
  /// The forms.
  enum Form: String, CaseIterable, Sendable {
    case pkcs1 = "PKCS #1"
    case pkcs8 = "PKCS #8"

    var pem: String { self == .pkcs1 ? RSAKeys.pkcs1 : RSAKeys.pkcs8 }
  }

  static let pkcs8 = """
    -----BEGIN PRIVATE KEY-----
    MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQDkY/Tum7rUxsix
    a656dU/T+wU8m5Lh1eaF5nY60DNqZNrsJcusegV1WeHZ/9hbm53kN5NpcjaENkkY
    K3EoxtDXKshmrXEP3i2PIm0DE3ynWGj6fmO+cwRg+cbb4G/BQxymKENK8KtA56Av
    Fs+6NutCeYT2XXRIGLbM0M6eTVvnoNsZpUylNSvnvhH0VOgkUex6zmyBcZWF1qa/
    1X0GkA/CZ+FqJC0jttgD8HrMxLyGboJ7Nh+IFoayo94JGoFrnH+UeGjZkPs8tzmd
    mDHogkuBjErg931tEBJkUKWf3mzIdf/SApvNobDA49pN1o7L3m5Ll25KPzLgcpWx
    MxXL1hyZAgMBAAECggEADIAYENM/N5Qlueg95X/0PZL4p2eQc4HkmyGRCQkKN2GL
    xe8PpcIL+G9R+D+TlPgAfVQ5YkUZDMV33LXL/MJc/dnenBgUHx02+yWUN93iLbqe
    DE/Mn8jlzXT+WFyBYV+N+t4rSLfBd8z1rH4gIn4NBFdoWp+k1Kldn/oxxOJRDG1b
    9hi+GHl0vc2tW4oz/b3L7SvkdbaD9+o7vzpDrGJzxj56SK5WEXZZEI9mc1tMdyAa
    DleQlZm6CDVBP1mjdkLO6gtGQXrSGBh0S32bNvNBhlZPC2g66l0eumTFnsm9KTm9
    8TkjcdGdLYOCqtTaNufDiEZ2FKuV+8FItN9EfsHyMQKBgQD4VLI0j4j8xeti3jOs
    31R3EesITU9s9LFXtoxKoMYvHy5hPRZY5JqjpTx680qwp3q0larK1LNe64iIdsqS
    yqD0Ai8QgWjfLQqTNSylq8AoUls20aD/C/ER75PCX7orPiQmqDDdGANXdy+qdnSk
    kXMykK+CESfipD77rVlbF7pwpQKBgQDrcZynF6Gtb7pV7miiQjjKMrtzgTap/9ML
    asZihndvZZ2FqPo4dnZy0wBKu5dR/wch3biDOK6eU3gChsI1AXQ3pvhR8E9ACX9f
    0/rgoH+WeVsWXS6BDIvncLSboK2SwrVAyxtr2nDQ0lN4HRKe840aLxhJEIGI8vVD
    gT9VEpGl5QKBgDJ5vLM0Tarba+nvsl88EcYWDUjltfQ2lGl4wHFW1pGza9D2ArnU
    1Z3Xs0BmfVME58sW9N0/eKodg+YBB1Ho/+g5HWnkc/WRCSo8z7NpAqjvfHzbBTdy
    LPDxWn5SyNuLSPvWigAWpm872aNzamgc7GZlxFbSt+G4ctjjNltuqkXFAoGAOes2
    +Dvt//ZuRllh0BiuU79rMZzlz6gpSLO5nd8qXnMG7yyEcYNi3BhgCAJh1UABhyk+
    DLnS6wvph+WSvOtgpZgjmjSdqkkr1m0VWFDjUicEa1n86K4ndIXbSDWcvW+8mvXc
    BwozmotDEVdFj2imm3xeYwr2crQh9btD0y/AOKkCgYAv0ClwdOyvaKsPPhlcwjy5
    /h+FJE7vJk2UodFBXzVGGxHpUNn1HAUwHelf7nICX2ejfrs+jUNjgtJP9D+WFV5V
    FIkTQHm29Mg47cbIFuEJFTUMNo6lbZgPJDn/XJIptR36PdPWUj3l7xTzlM9Lzmxp
    WNdpxR3eNckRS47sQV2/Ew==
    -----END PRIVATE KEY-----
    """

  static let pkcs1 = """
    -----BEGIN RSA PRIVATE KEY-----
    MIIEogIBAAKCAQEA5GP07pu61MbIsWuuenVP0/sFPJuS4dXmheZ2OtAzamTa7CXL
    rHoFdVnh2f/YW5ud5DeTaXI2hDZJGCtxKMbQ1yrIZq1xD94tjyJtAxN8p1ho+n5j
    vnMEYPnG2+BvwUMcpihDSvCrQOegLxbPujbrQnmE9l10SBi2zNDOnk1b56DbGaVM
    pTUr574R9FToJFHses5sgXGVhdamv9V9BpAPwmfhaiQtI7bYA/B6zMS8hm6CezYf
    iBaGsqPeCRqBa5x/lHho2ZD7PLc5nZgx6IJLgYxK4Pd9bRASZFCln95syHX/0gKb
    zaGwwOPaTdaOy95uS5duSj8y4HKVsTMVy9YcmQIDAQABAoIBAAyAGBDTPzeUJbno
    PeV/9D2S+KdnkHOB5JshkQkJCjdhi8XvD6XCC/hvUfg/k5T4AH1UOWJFGQzFd9y1
    y/zCXP3Z3pwYFB8dNvsllDfd4i26ngxPzJ/I5c10/lhcgWFfjfreK0i3wXfM9ax+
    ICJ+DQRXaFqfpNSpXZ/6McTiUQxtW/YYvhh5dL3NrVuKM/29y+0r5HW2g/fqO786
    Q6xic8Y+ekiuVhF2WRCPZnNbTHcgGg5XkJWZugg1QT9Zo3ZCzuoLRkF60hgYdEt9
    mzbzQYZWTwtoOupdHrpkxZ7JvSk5vfE5I3HRnS2DgqrU2jbnw4hGdhSrlfvBSLTf
    RH7B8jECgYEA+FSyNI+I/MXrYt4zrN9UdxHrCE1PbPSxV7aMSqDGLx8uYT0WWOSa
    o6U8evNKsKd6tJWqytSzXuuIiHbKksqg9AIvEIFo3y0KkzUspavAKFJbNtGg/wvx
    Ee+Twl+6Kz4kJqgw3RgDV3cvqnZ0pJFzMpCvghEn4qQ++61ZWxe6cKUCgYEA63Gc
    pxehrW+6Ve5ookI4yjK7c4E2qf/TC2rGYoZ3b2Wdhaj6OHZ2ctMASruXUf8HId24
    gziunlN4AobCNQF0N6b4UfBPQAl/X9P64KB/lnlbFl0ugQyL53C0m6CtksK1QMsb
    a9pw0NJTeB0SnvONGi8YSRCBiPL1Q4E/VRKRpeUCgYAyebyzNE2q22vp77JfPBHG
    Fg1I5bX0NpRpeMBxVtaRs2vQ9gK51NWd17NAZn1TBOfLFvTdP3iqHYPmAQdR6P/o
    OR1p5HP1kQkqPM+zaQKo73x82wU3cizw8Vp+Usjbi0j71ooAFqZvO9mjc2poHOxm
    ZcRW0rfhuHLY4zZbbqpFxQKBgDnrNvg77f/2bkZZYdAYrlO/azGc5c+oKUizuZ3f
    Kl5zBu8shHGDYtwYYAgCYdVAAYcpPgy50usL6YflkrzrYKWYI5o0napJK9ZtFVhQ
    41InBGtZ/OiuJ3SF20g1nL1vvJr13AcKM5qLQxFXRY9oppt8XmMK9nK0IfW7Q9Mv
    wDipAoGAL9ApcHTsr2irDz4ZXMI8uf4fhSRO7yZNlKHRQV81RhsR6VDZ9RwFMB3p
    X+5yAl9no367Po1DY4LST/Q/lhVeVRSJE0B5tvTIOO3GyBbhCRU1DDaOpW2YDyQ5
    /1ySKbUd+j3T1lI95e8U85TPS85saVjXacUd3jXJEUuO7EFdvxM=
    -----END RSA PRIVATE KEY-----
    """
}
