#pragma once
#include <stdint.h>
#include <sys/eventfd.h>
#include <unbound.h>

/// A descriptor that becomes readable when eight bytes are written to it; -1 when there is none.
static inline int lapwing_wake_descriptor(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
