#pragma once
#include <libpq-fe.h>
// Not in Swift's Glibc: wakes a thread that waits in poll(2).
#include <sys/eventfd.h>
