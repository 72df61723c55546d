// A configuration file needs few levels; the parser recurses, so the depth is bounded.
#define TOML_MAX_NESTED_VALUES 32
#define TOML_EXCEPTIONS 1

#include "ctoml.h"

#include <deque>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <toml++/toml.h>
#include <vector>

struct ctoml_document {
    bool failed = false;
    std::string message;
    ctoml_position place = {0, 0};
    std::vector<ctoml_node> nodes;
    // A deque never moves its elements: nodes point into them.
    std::deque<std::string> texts;

    ctoml_text keep(std::string_view text) {
        const std::string &kept = texts.emplace_back(text);
        return {kept.data(), kept.size()};
    }
};

namespace {

ctoml_position position(const toml::source_region &region) {
    return {region.begin.line, region.begin.column};
}

ctoml_kind kind(const toml::node &node) {
    switch (node.type()) {
    case toml::node_type::table:
        return CTOML_TABLE;
    case toml::node_type::array:
        return CTOML_ARRAY;
    case toml::node_type::string:
        return CTOML_STRING;
    case toml::node_type::integer:
        return CTOML_INTEGER;
    case toml::node_type::floating_point:
        return CTOML_FLOAT;
    case toml::node_type::boolean:
        return CTOML_BOOLEAN;
    default:
        return CTOML_DATE;
    }
}

struct pending {
    const toml::node *node;
    size_t index;
};

size_t add(ctoml_document &document, const toml::node &node, size_t parent) {
    ctoml_node result = {};
    result.kind = kind(node);
    result.parent = parent;
    result.value_position = position(node.source());
    if (const auto *value = node.as_string()) {
        result.string = document.keep(value->get());
    } else if (const auto *value = node.as_integer()) {
        result.integer = value->get();
        result.number = static_cast<double>(value->get());
    } else if (const auto *value = node.as_floating_point()) {
        result.number = value->get();
    } else if (const auto *value = node.as_boolean()) {
        result.boolean = value->get();
    }
    document.nodes.push_back(result);
    return document.nodes.size() - 1;
}

// Level by level with a queue of its own: dotted keys may nest deeper than a stack likes.
void flatten(ctoml_document &document, const toml::table &root) {
    std::deque<pending> queue;
    add(document, root, 0);
    queue.push_back({&root, 0});
    while (!queue.empty()) {
        const pending next = queue.front();
        queue.pop_front();
        if (const auto *table = next.node->as_table()) {
            for (const auto &[key, value] : *table) {
                const size_t index = add(document, value, next.index);
                document.nodes[index].key = document.keep(key.str());
                document.nodes[index].key_position = position(key.source());
                queue.push_back({&value, index});
            }
        } else if (const auto *array = next.node->as_array()) {
            for (const auto &value : *array) {
                queue.push_back({&value, add(document, value, next.index)});
            }
        }
    }
}

void fail(ctoml_document &document, std::string_view message, ctoml_position place) {
    document.failed = true;
    document.place = place;
    document.message.assign(message);
}

} // namespace

extern "C" {

// No exception passes this border: each is caught here and becomes the document's error.
ctoml_document *ctoml_parse(const char *text, size_t length) noexcept {
    ctoml_document *document = new (std::nothrow) ctoml_document;
    if (document == nullptr) {
        return nullptr;
    }
    try {
        try {
            const toml::table root = toml::parse(std::string_view(text, length));
            flatten(*document, root);
        } catch (const toml::parse_error &error) {
            fail(*document, error.description(), position(error.source()));
        } catch (const std::exception &error) {
            fail(*document, error.what(), {0, 0});
        } catch (...) {
            fail(*document, "the file could not be read as TOML", {0, 0});
        }
    } catch (...) {
        delete document;
        return nullptr;
    }
    return document;
}

void ctoml_free(ctoml_document *document) noexcept { delete document; }

const char *ctoml_error(const ctoml_document *document, ctoml_position *place) noexcept {
    if (!document->failed) {
        return nullptr;
    }
    *place = document->place;
    return document->message.c_str();
}

size_t ctoml_count(const ctoml_document *document) noexcept { return document->nodes.size(); }

const ctoml_node *ctoml_node_at(const ctoml_document *document, size_t index) noexcept {
    return index < document->nodes.size() ? &document->nodes[index] : nullptr;
}

} // extern "C"
