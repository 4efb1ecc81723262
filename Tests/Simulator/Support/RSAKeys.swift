import JWTKit

/// Keys made for these tests; they open nothing.
enum RSAKeys {
  static let privatePEM = """
    -----BEGIN PRIVATE KEY-----
    MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQCmdAsLhpwJQ0rZ
    ICpKvptPfxEaU5JDTDyLaRurhzhZNGbm2fypDojp/z/ubtWOcUqCT6Nb/AvmVPxH
    STNE4nRIV2E/K8zx+Sw95/ppmqAtFVWjcQeWMTnd4e7STrYZgmVqNNI3RbmzWZQ5
    VOw8QWWxIcSI0spbcCUXJTuExIhCLf/Fe/nSDc+1Nk/oR5m6sf1D1ZnPbVr7lL46
    0Newo50QHcfAXxmf/IQ+YlANTcXAnpww4ZSqVzqVZO4pvWCaLKNHu+BNQpeWuA8Z
    n/hc1f1krPUe8EqaeHWxz4/wFOsVoKSczduDahnZ5w809hFqsCRA7Koiym8nKCD0
    BDIzLUdxAgMBAAECggEACXTZxMmct0UArVWvuWfbRHisVNHPIy4jWWs7BHNt7tl0
    iCR1v3gBLMQQ0n+u98T1bfJOzlTDK06EN5uPw1fXMd3u+ysGnW+hxRGXDyVW+MC3
    yQ2MmAqLZlDl48JPg6L+FnrSP4whSPBrpJcvxZuUhqvrsbdCAlBcdxRpLXmJ4TKK
    0t6MQV50HfojMBy97qe/rsHbVdNqeOOl9Nz0ecr3j4Zg3mfU4dv+I2RxsRWPbUnH
    J+do11Ol8va3FzJocgOvUJrkfgg5TW41GZ+95YzGsziN5IK0+ncCva5/snyTWy9q
    gzGvVWTL9HOCYa3+w72jxqIFjVsIhRoB6eU1bi6MEQKBgQDZh63fcPZz9jS2/ucw
    RcYGcJY6MPKgdWzBWy5spKDeptIYsDdqhygH3NMLSd/ZmJeEZ++XwwMyovyIlybj
    uaX+7hXtPJr7c5RLCEvuxFTT5n6nqLtnoeXmgvWD7xRNHIMkahkZASVE1cMUYmva
    hCO4OJ1simJbw5tZNRvquD5DyQKBgQDD4/LGwlV211iQUScz9BwoKHO+LpO8V6I7
    PEpv8i3dVdvXKdJwkQJHPV7bmO/1aiQLI2hwiXDsqOmNpZlq2dAsG8CnqS11APvi
    eE2OQn6ioD/uVPBAJGxQ8dA0rL0tWSIPPV34HeisbrMKXaB6eP2YWEm6MRNtVMPn
    vd4ZE6CqaQKBgHD0ml3ve5plm6P2ozgW0yhe6DNZXXPi5dFVtrqllf9n4qr9Phls
    C2ZhzZkMCFgme28+xVQp6IwvxDBtRL11lnPVT797/AJcVwHLUhqvCllqVBRdcsry
    b74N/M1ApWsRRivviA7K4H5o/b6lCNpUSXQMufo1tbNu1EkzYca1W2e5AoGAZlvF
    L1C6ocey8m5FYuNqlx1UJYtnDSJpljRR3R8aEi7cGhkzajiLjTgnSe4nbQCSZvOQ
    jkVzKWa165sdiHTaT0INME65fwsNk3AzbmOWklnULjBZ/dpKcx14Ix4kF/8cSgRS
    BuVyADA0A/WadoSkVqfDlrQwJ5AEciKHXGkiKgkCgYBU69yJyMAzSReb1rb5RIOV
    k1bh7/MhE4dIorHmKq5JL98LuL7Z1Rrfs+Sth5yW88yu9HYPeIWAPz+SMT8gNM2B
    zS6WeZLJ48o10DpWacNqQeqsvEG7gFripAjf7JIgf0/dv223ncTXVK84jVDDLh/n
    b0FSY7350F9ciBrGspLyoA==
    -----END PRIVATE KEY-----
    """

  static let otherPEM = """
    -----BEGIN PRIVATE KEY-----
    MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQCJonVNfkRfoaEn
    1QHQ+055hlUaw+DZCemv2eY7HqoQLRk/f3XyjpBHFsDCcE5nxHQAwBDng/W1+Pcb
    UXG3vuRrDBtZFRHOEmPxqZDrrQeyWCEvf9z4aDhJi8oB6rsn0gvIw6qyXVt3TSSF
    5K4s/qHTnVpt35+HhL1/+TPLStFJNt9S2kTH4RCWkcbtb7G1vRZONZVSEK5Fjs4Y
    ytIRA3tgCqCKbp36uUCOZow5/Ew6NQP95p2hZU5ROuAuEOfcdYBB+HDtvFiWP/Ta
    49dzsXDcHqxPlG1KvDkA9kUuVBPwk6jSnnaCtZyrpASiWYF/cxgTXopWQY2CY2EC
    8z2abGOTAgMBAAECggEACuPdVzPZ8h0mVLIAckooI+pymmsMQ/AKWv0pP91FxIDl
    AgayTO5l0RImT1w2f/Rl31dTHxZsXykjWDiCAHFsvmGXWl2V6pG+8bSigFtRBBYA
    DjOWRttsNLmIUs2BYH24q/p7a6CCZ7alYKi+9VVydX16Vb4/b6gbnGAZ7ohtddbx
    bycAGxvJNaN8azVjebP8rL/HD+uw+DiS5JSoawuSFTqiF+w5ghhz5M8FhFdYbsoz
    7TnHivzR9p0TtBLpcIMNdviyAsL8K43aBrpWuy1Yc9QReqCnxnUdc9UXlE9J2RuR
    Jj/2qGvi8cgejC9Jlsn50zxd4mJi+nhhDdKzC007jQKBgQDAMvxik9EkdYC7D2zT
    62ngryN2OUWNDq1ID4Xm9CeD5dXWQVSmlaChhOwNqRvyRtIo/y0thru/RfQxq167
    IhC9uc8Tjn7rEhsEczs9mvd8VSJfobZnTvoGOW4fyS8TAen7fYeCVX99NoQSSKga
    YwedBUZe+rCaEUW5bmU/CoKCnQKBgQC3UpiVD1APmqbA16Cjh/N3JXQ50e/wd6Zy
    2VR4MptJqTgOqHctabB6o7v9f7pGWEOLkJK+ljauTCs96xrC1inp844Azu+tBtic
    jHgsLIA2YE3qQOeOaFM/TAKClTYTy9AZA5OpvBTa7QNL9reot8dyzNHjMX2t6dp2
    hdSSt35P7wKBgQCdubmw1Alv2BXabOAsUSbEQjXh0UIobgD5//MtAvRio3yGpXpo
    cqYtpr1owHy0qDXTewWCNO1iHHA3SqElBOGkMRWkwO2az3Lohf/5oHC00dCxli3w
    Pbmk3gBniVxeRtXTksJfzPYgtVpQ/tslPFuFGk0TqLrA1KfZcqUXxPIxaQKBgQCy
    T1tsOQ21b8Zcch+kkDrGnB6Vktaf/bFfqnZXx1l152tIDqKFAHUQhKv4oUEM5RMl
    8ARb7n3XQO0ad9B6zJbOIQDxVlaX5L3SX2sQBGTc/wUqIeFYia7XNVaHrxx/WtHZ
    UrpQ8UkTvE9llt8C82bDCefo5R2KiJjeicO+xU3N7wKBgAIf1lf2pKrSh+myVgzb
    wY07ycgLB1A8KH0KWMN7NJDZPMcAwpf/iEDjkTkDglOSAy6QxUK1vD5bXMNBoMOw
    hiS3thIEyi5Ccwix5wvxidvTHKNhDZaI+HNq0RHSKd0D691w6a3BhYs8t+/pXrZ0
    XyN9UAIWRc/dbX9zlwxarRXL
    -----END PRIVATE KEY-----
    """

  /// The public half of `privatePEM`.
  static func publicPEM() throws -> String {
    try Insecure.RSA.PrivateKey(pem: privatePEM).publicKey.pemRepresentation
  }
}
