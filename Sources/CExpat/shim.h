#pragma once
#include <expat.h>
#include <stddef.h>

// Debian's libexpat 2.5.0 security updates add this function without a change of version, and the
// plain 2.5.0 lacks it: weak, so that a program links against both.
extern XML_Bool XML_SetReparseDeferralEnabled(XML_Parser parser, XML_Bool enabled)
    __attribute__((weak));

/// Makes a parser report a token as soon as its last byte is there: a stream is a conversation,
/// and a peer waits for the answer to a start tag that came in two pieces.
static inline void lapwing_expat_disable_deferral(XML_Parser parser) {
    if (XML_SetReparseDeferralEnabled) XML_SetReparseDeferralEnabled(parser, XML_FALSE);
}

// The C library's scans of memory, for code that imports no C library.
extern void *memmem(const void *, size_t, const void *, size_t);

static inline size_t lapwing_length(const char *text) { return __builtin_strlen(text); }

static inline int lapwing_same(const char *left, const char *right) {
    return __builtin_strcmp(left, right) == 0;
}

static inline int lapwing_equal(const void *left, const void *right, size_t count) {
    return __builtin_memcmp(left, right, count) == 0;
}

/// Where the byte stands; `count` if nowhere.
static inline size_t lapwing_find(const void *text, size_t count, unsigned char byte) {
    const void *found = __builtin_memchr(text, byte, count);
    return found ? (size_t)((const char *)found - (const char *)text) : count;
}

static inline int lapwing_contains(const void *text, size_t count, const void *part, size_t size) {
    return memmem(text, count, part, size) != NULL;
}
