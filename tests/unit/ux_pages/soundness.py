"""What a page must keep whatever it shows: it parses, names are unique, fields have labels, nothing is active."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from itertools import pairwise
from typing import Any
from xml.etree.ElementTree import Element

import html5lib

_NS = "{http://www.w3.org/1999/xhtml}"
_ACTIVE = {"iframe", "object", "embed", "applet", "base", "frame", "frameset", "marquee", "portal", "img", "video",
           "audio", "style", "math", "foreignobject", "animate", "set", "use", "image"}  # fmt: skip
_URLS = ("href", "src", "action", "formaction", "data", "poster", "xlink:href", "ping", "srcdoc")


@lru_cache(maxsize=256)
def parse(html: str) -> Element:
    """Return the tree, which is one for all who look at the same text.

    Raises: html5lib's ParseError at the first mistake.
    """
    found: Any = html5lib.HTMLParser(strict=True).parse(html)
    return found


def elements(tree: Element) -> list[tuple[str, Element]]:
    return [(str(e.tag).rpartition("}")[2], e) for e in tree.iter() if isinstance(e.tag, str)]


def words(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def faults(tree: Element, lang: str) -> list[str]:
    """Return what is wrong with a page's structure."""
    found: list[str] = []
    all_ = elements(tree)
    ids = Counter(e.get("id") for _, e in all_ if e.get("id"))
    found += [f"id {name} stands {n} times" for name, n in ids.items() if n > 1]
    for tag, e in all_:
        for name in ("aria-labelledby", "aria-describedby", "aria-controls", "for", "list"):
            for target in (e.get(name) or "").split():
                if target not in ids:
                    found.append(f"{tag} {name}={target} leads nowhere")
        if tag == "a" and not e.get("href"):
            found.append(f"a link without an address: {words(e)[:40]}")
        if tag in ("a", "button") and not words(e) and not e.get("aria-label"):
            found.append(f"{tag} without words")
        if tag == "table" and not any(t == "caption" and words(c) for t, c in elements(e)):
            found.append("a table without a caption")
        if tag == "th" and not e.get("scope"):
            found.append(f"th without scope: {words(e)[:40]}")
        if e.get("style") or any(name.startswith("on") for name in e.attrib):
            found.append(f"{tag} with inline style or script")
    labelled = {e.get("for") for tag, e in all_ if tag == "label"}
    for tag, e in all_:
        is_field = tag in ("input", "select", "textarea") and e.get("type") not in (
            "hidden",
            "submit",
            "checkbox",
        )
        if is_field and e.get("id") not in labelled and not e.get("aria-label"):
            found.append(f"{tag} {e.get('name')} without a label")
    levels = [int(tag[1]) for tag, _ in all_ if re.fullmatch("h[1-6]", tag)]
    if levels.count(1) != 1:
        found.append(f"{levels.count(1)} main headings")
    found += [f"heading {b} after {a}" for a, b in pairwise(levels) if b > a + 1]
    root = tree if tree.tag == f"{_NS}html" else next(e for t, e in all_ if t == "html")
    if root.get("lang") != f"{lang}-CA":
        found.append(f"lang is {root.get('lang')}")
    return found


def active(tree: Element) -> list[str]:
    """Return whatever could run or load something that is not ours."""
    found = []
    for tag, e in elements(tree):
        if (
            tag == "script"
            and not (e.get("src") or "").startswith("/static/")
            and e.get("type") != "application/ld+json"
        ):
            found.append("a script of somebody else's")
        if tag.lower() in _ACTIVE:
            found.append(tag)
        if tag == "meta" and e.get("http-equiv"):
            found.append("meta http-equiv")
        for name, value in e.attrib.items():
            plain = str(name).rpartition("}")[2].lower()
            if plain.startswith("on") or plain == "style":
                found.append(f"{tag} {plain}")
            if plain in _URLS:
                scheme = re.sub(r"[\x00-\x20]", "", value).partition(":")[0].lower()
                if scheme in ("javascript", "vbscript", "data", "file", "blob"):
                    found.append(f"{tag} {plain}={value[:40]}")
    return found
