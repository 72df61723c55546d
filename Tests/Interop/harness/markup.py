"""Payloads made by chance as markup, and whether two elements mean the same."""

import xml.etree.ElementTree as ET

FOREIGN = ["urn:a", "urn:b:c", "http://example.org/?a=1&amp;b=2", "urn:é"]
# The namespaces of streams mean nothing where they stand inside of another.
ANYWHERE = FOREIGN + [
    "", "jabber:client", "jabber:server", "jabber:component:accept", "jabber:server:dialback",
    "http://etherx.jabber.org/streams", "http://jabber.org/protocol/pubsub",
    "http://jabber.org/protocol/pubsub#event",
]
OUTERMOST = FOREIGN + ANYWHERE[-2:]
NAMES = ["a", "item", "été", "x-1.2_3", "stream", "message", "error"]
PREFIXES = ["", "p", "q", "db", "ns0"]
TEXTS = [
    "x", " ", "\n\t ", "&lt;", "&amp;", "&gt;", "&quot;&apos;", "]]&gt;", "&#13;", "&#x1F600;",
    "é€😀𝄞", "\u0085\u2028\u007f", "\ufffd", "p:a", "&#xA;", "\r\n", "e\u0301", "0",
]
LITERALS = ["", "<a>", "&amp;", "]]", "\r\n", " ", "𝄞", "<!--", "'\""]


class Markup:
    """Writes elements in every form that XML allows in a stream: prefixes and defaults, both
    quotes, references, CDATA, white space where nobody looks."""

    def __init__(self, chance, elements=60, references=True):
        """Without `references` no line ends are written that only a reference keeps."""
        self.chance = chance
        self.left = elements
        self.texts = [t for t in TEXTS if references or t not in ("&#13;", "&#xA;")]

    def payload(self, around):
        """An element for a place where `around` is the default namespace; it has one of its own."""
        chance = self.chance
        if chance.random() < 0.05:
            return self._well(chance.choice((30, 90)))
        return self._element({"": around}, chance.choice(OUTERMOST), chance.randrange(10))

    @staticmethod
    def _well(depth):
        """Elements within each other, of two namespaces at the top and one below."""
        inner = "".join(f"<e{level}>" for level in range(depth))
        outer = "".join(f"</e{level}>" for level in reversed(range(depth)))
        return f"<p:e xmlns:p='urn:p' xmlns='urn:deep'>{inner} {outer}</p:e>"

    def _element(self, around, namespace, depth):
        chance = self.chance
        self.left -= 1
        scope, declared = dict(around), []
        known = sorted(prefix for prefix, value in scope.items() if value == namespace)
        prefix = chance.choice(known if known and chance.random() < 0.7 else PREFIXES)
        if not namespace:
            prefix = ""
        if scope.get(prefix, "") != namespace:
            scope[prefix] = namespace
            declared.append(prefix)
        for other in PREFIXES:
            if other != prefix and chance.random() < 0.12:
                # Only the default can be taken back.
                scope[other] = chance.choice([n for n in ANYWHERE if n or not other])
                declared.append(other)
        name = (prefix + ":" if prefix else "") + chance.choice(NAMES)
        attributes = self._attributes(scope) + [
            ("xmlns:" + p if p else "xmlns") + self._space() + "=" + self._quoted(scope[p])
            for p in declared
        ]
        chance.shuffle(attributes)
        start = name + "".join(chance.choice([" ", "\t", " \r\n "]) + one for one in attributes)
        if depth == 0 or self.left <= 0 or chance.random() < 0.15:
            return f"<{start}{self._space()}/>" if chance.random() < 0.5 else (
                f"<{start}{self._space()}></{name}{self._space()}>")
        content = "".join(self._part(scope, depth) for _ in range(chance.randrange(6)))
        return f"<{start}{self._space()}>{content}</{name}{self._space()}>"

    def _part(self, scope, depth):
        kind = self.chance.randrange(5)
        if kind < 2:
            return "" if self.left <= 0 else self._element(
                scope, self.chance.choice(ANYWHERE), depth - 1)
        if kind == 2:
            return f"<![CDATA[{self._text(LITERALS)}]]>"
        return self._text(self.texts)

    def _attributes(self, scope):
        """Attributes, no two of one name."""
        chance = self.chance
        found = {}
        if chance.random() < 0.2:
            found["xml:lang"] = "xml:lang=" + self._quoted(chance.choice(["de", "zh-Hant", ""]))
        if chance.random() < 0.2:
            found["xml:space"] = "xml:space='preserve'"
        prefixes = sorted(filter(None, scope))
        for number in range(chance.randrange(40 if chance.random() < 0.08 else 4)):
            prefix = chance.choice(prefixes) if prefixes and chance.random() < 0.5 else ""
            name = chance.choice(NAMES) if number < 4 else f"n{number}"
            start = (prefix + ":" if prefix else "") + name + self._space() + "=" + self._space()
            found.setdefault(
                (scope[prefix] if prefix else "", name), start + self._quoted(self._text(self.texts)))
        return list(found.values())

    def _quoted(self, value):
        quote = self.chance.choice("'\"")
        return quote + value.replace(quote, "&quot;" if quote == '"' else "&apos;") + quote

    def _text(self, parts):
        return "".join(self.chance.choice(parts) for _ in range(self.chance.randrange(5)))

    def _space(self):
        return self.chance.choice(["", "", "", " ", "\n"])


def understood(markup, around):
    """The payload as it is meant where it is written."""
    return ET.fromstring(f"<a xmlns='{around}'>{markup}</a>")[0]


def meaning(element):
    """The same value for elements that mean the same: names by their namespaces, attributes in any
    order, texts and children in theirs. As canonical XML has it, but for prefixes."""
    content = [element.text or ""]
    for child in element:
        content += [meaning(child), child.tail or ""]
    return element.tag, frozenset(element.attrib.items()), tuple(content)
