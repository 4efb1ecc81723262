#pragma once
#include <curl/curl.h>

// curl_easy_setopt and curl_easy_getinfo are variadic, which Swift does not import: one function per argument type.

typedef size_t (*crmsync_curl_callback)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode crmsync_curl_set_long(CURL *handle, CURLoption option, long value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode crmsync_curl_set_size(CURL *handle, CURLoption option, curl_off_t value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode crmsync_curl_set_string(CURL *handle, CURLoption option, const char *value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode crmsync_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode crmsync_curl_set_callback(CURL *handle, CURLoption option, crmsync_curl_callback value) {
  return curl_easy_setopt(handle, option, value);
}

static inline CURLcode crmsync_curl_get_pointer(CURL *handle, CURLINFO info, void **value) {
  return curl_easy_getinfo(handle, info, value);
}

// The result of a finished transfer sits in a union.
static inline CURLcode crmsync_curl_result(CURLMsg *message) { return message->data.result; }
