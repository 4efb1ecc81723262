import CMalloc

/// Keeps the memory of a worker at what it holds: left to itself, glibc gives each thread a heap of its own and keeps
/// there what pages of records have used once, which adds a third in a copy of millions.
enum HeapLimits {
  /// Heaps that threads share.
  private static let arenas: Int32 = 2
  /// Blocks from here on are given back to the system when they are freed, in bytes.
  private static let mapped: Int32 = 128 << 10
  /// Free memory at the end of a heap that is kept, in bytes.
  private static let kept: Int32 = 256 << 10

  /// Has to come before the first thread is started.
  static func set() {
    _ = mallopt(M_ARENA_MAX, arenas)
    _ = mallopt(M_MMAP_THRESHOLD, mapped)
    _ = mallopt(M_TRIM_THRESHOLD, kept)
  }
}
