import Glibc

/// A growing run of bytes that rows are written into.
struct ByteSink: ~Copyable {
  private(set) var base: UnsafeMutablePointer<UInt8>
  private(set) var capacity: Int
  private(set) var count = 0

  init(capacity: Int = 4096) {
    self.capacity = max(64, capacity)
    base = .allocate(capacity: self.capacity)
  }

  deinit { base.deallocate() }

  var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: base, count: count) }

  mutating func removeAll() { count = 0 }

  /// Forgets what was written after `count` bytes.
  mutating func truncate(to count: Int) { self.count = min(self.count, max(0, count)) }

  /// Makes room for `extra` bytes, so that the unchecked writes below are safe.
  @inline(__always)
  mutating func reserve(_ extra: Int) {
    if count &+ extra > capacity { grow(extra) }
  }

  @inline(never)
  private mutating func grow(_ extra: Int) {
    let wanted = max(capacity * 2, count + extra)
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: wanted)
    larger.update(from: base, count: count)
    base.deallocate()
    base = larger
    capacity = wanted
  }

  /// Adds a byte for which room was reserved.
  @inline(__always)
  mutating func put(_ byte: UInt8) {
    base[count] = byte
    count &+= 1
  }

  /// Adds bytes for which room was reserved.
  @inline(__always)
  mutating func put(_ source: UnsafePointer<UInt8>, _ length: Int) {
    memcpy(base + count, source, length)
    count &+= length
  }

  mutating func append(_ byte: UInt8) {
    reserve(1)
    put(byte)
  }

  @inline(__always)
  mutating func append(_ source: UnsafePointer<UInt8>, _ length: Int) {
    reserve(length)
    put(source, length)
  }

  mutating func append(_ bytes: [UInt8]) {
    bytes.withUnsafeBufferPointer { if let start = $0.baseAddress { append(start, $0.count) } }
  }

  mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { if let start = $0.baseAddress { append(start, $0.count) } }
  }

  /// Adds a decimal number; at most 20 bytes, for which room was reserved.
  @inline(__always)
  mutating func putDecimal(_ value: Int) {
    if value < 0 {
      put(0x2D)
      putDigits(value.magnitude)
    } else {
      putDigits(UInt(bitPattern: value))
    }
  }

  @inline(__always)
  private mutating func putDigits(_ value: UInt) {
    var width = 1
    var probe = value
    while probe >= 10 {
      probe /= 10
      width &+= 1
    }
    putPadded(value, width)
  }

  /// Adds the last `width` decimal digits of a number, for which room was reserved.
  @inline(__always)
  mutating func putPadded(_ value: UInt, _ width: Int) {
    var rest = value
    var at = count &+ width
    while at > count {
      at &-= 1
      base[at] = UInt8(truncatingIfNeeded: 0x30 &+ rest % 10)
      rest /= 10
    }
    count &+= width
  }
}
