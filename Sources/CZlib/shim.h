#pragma once
#include <zlib.h>

// deflateInit2 and inflateInit2 are macros, which Swift does not import. 16 + 15: gzip framing, the largest window.
static inline int crmsync_deflate_init_gzip(z_stream *stream, int level) {
  return deflateInit2(stream, level, Z_DEFLATED, 16 + 15, 8, Z_DEFAULT_STRATEGY);
}

static inline int crmsync_inflate_init_gzip(z_stream *stream) {
  return inflateInit2(stream, 16 + 15);
}
