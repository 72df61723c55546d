#pragma once
#include <stdlib.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>
#include <uniwidth.h>

// The normal forms are macros, which Swift cannot see. Each result is the caller's to free with
// `lapwing_unistring_free`; NULL when there is no memory.

/// `text` in normal form C.
static inline uint8_t *lapwing_nfc(const uint8_t *text, size_t count, size_t *result_count) {
    return u8_normalize(UNINORM_NFC, text, count, NULL, result_count);
}

/// `text` in lower case (the full, language-independent mapping).
static inline uint8_t *lapwing_lowercase(const uint8_t *text, size_t count, size_t *result_count) {
    return u8_tolower(text, count, NULL, NULL, NULL, result_count);
}

/// Whether normal form KC makes something else of `scalar`.
static inline bool lapwing_has_compatibility_form(ucs4_t scalar) {
    uint32_t buffer[32];
    size_t count = 32;
    uint32_t *result = u32_normalize(UNINORM_NFKC, &scalar, 1, buffer, &count);
    bool differs = result == NULL || count != 1 || result[0] != scalar;
    if (result != buffer) free(result);
    return differs;
}

static inline void lapwing_unistring_free(uint8_t *text) { free(text); }
