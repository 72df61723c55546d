#ifndef LAPWING_CTOML_H
#define LAPWING_CTOML_H

// A C face on toml++: a document as a flat list of nodes that know where they stand.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// No exception passes this border.
#ifdef __cplusplus
#define CTOML_NOEXCEPT noexcept
extern "C" {
#else
#define CTOML_NOEXCEPT
#endif

/// What a value is.
typedef enum {
    CTOML_TABLE,
    CTOML_ARRAY,
    CTOML_STRING,
    CTOML_INTEGER,
    CTOML_FLOAT,
    CTOML_BOOLEAN,
    CTOML_DATE
} ctoml_kind;

/// UTF-8 bytes that the document owns; not terminated.
typedef struct {
    const char *bytes;
    size_t length;
} ctoml_text;

/// A place in the source, both numbers from 1; 0 where nothing was written.
typedef struct {
    uint32_t line;
    uint32_t column;
} ctoml_position;

/// One value with its key. Children of a table or array are the nodes that name it as `parent`;
/// they come after it.
typedef struct {
    ctoml_kind kind;
    size_t parent;
    /// Empty in an array and at the root.
    ctoml_text key;
    ctoml_position key_position;
    ctoml_position value_position;
    ctoml_text string;
    int64_t integer;
    double number;
    bool boolean;
} ctoml_node;

/// A parsed document, or the reason why there is none.
typedef struct ctoml_document ctoml_document;

/// Reads `length` bytes of TOML. NULL only when memory ran out.
ctoml_document *ctoml_parse(const char *text, size_t length) CTOML_NOEXCEPT;
/// Frees what `ctoml_parse` made.
void ctoml_free(ctoml_document *document) CTOML_NOEXCEPT;
/// What is wrong, or NULL when the text was read.
const char *ctoml_error(const ctoml_document *document, ctoml_position *position) CTOML_NOEXCEPT;
/// How many nodes there are; the root is the first and its own parent.
size_t ctoml_count(const ctoml_document *document) CTOML_NOEXCEPT;
/// The node at `index`, or NULL past the end.
const ctoml_node *ctoml_node_at(const ctoml_document *document, size_t index) CTOML_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
