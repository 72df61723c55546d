#pragma once
#include <expat.h>

// Debian's libexpat 2.5.0 security updates add this function without a change of version, and the
// plain 2.5.0 lacks it: weak, so that a program links against both.
extern XML_Bool XML_SetReparseDeferralEnabled(XML_Parser parser, XML_Bool enabled)
    __attribute__((weak));

/// Makes a parser report a token as soon as its last byte is there: a stream is a conversation,
/// and a peer waits for the answer to a start tag that came in two pieces.
static inline void lapwing_expat_disable_deferral(XML_Parser parser) {
    if (XML_SetReparseDeferralEnabled) XML_SetReparseDeferralEnabled(parser, XML_FALSE);
}
