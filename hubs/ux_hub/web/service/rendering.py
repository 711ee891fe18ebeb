"""From a template and what a page shows to bytes: one environment, escaping on, both languages."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Undefined
from markupsafe import Markup, escape

from hubs.ux_hub.web.service import hemicycle, language, people, sanitising, votes
from hubs.ux_hub.web.service.assets import Assets
from hubs.ux_hub.web.service.governments import Governments
from hubs.ux_hub.web.service.language import Catalogue, Lang, other
from shared.contracts.civic import FEDERAL

_TEMPLATES = Path(__file__).parents[1] / "templates"


class _Records(Environment):
    """Templates show decoded records: ``row.name`` is looked up as an entry first.

    Asked in the usual order, each name of each row raises and catches an AttributeError first.
    """

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return the entry of a record, the attribute of anything else."""
        if type(obj) is dict and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


class Renderer:
    """Renders every page of the hub; made once per process."""

    def __init__(
        self,
        catalogue: Catalogue,
        assets: Assets,
        base_url: str,
        folders: tuple[Path, ...] = (_TEMPLATES,),
        *,
        governments: Governments | None = None,
        is_strict: bool = False,
    ) -> None:
        self.governments = governments or Governments(list)
        self.catalogue = catalogue
        self.assets = assets
        self.base_url = base_url.rstrip("/")
        self._environment = _Records(
            loader=FileSystemLoader([str(folder) for folder in folders]),
            autoescape=True,
            undefined=StrictUndefined if is_strict else Undefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters.update(
            {
                "ballot_rows": votes.ballot_rows,
                "circles": hemicycle.circles,
                "clean_html": sanitising.clean_html,
                "snippet": sanitising.clean_snippet,
                "safe_url": sanitising.safe_url,
                "local_path": sanitising.local_path,
                "initials": people.initials,
                "party_class": people.party_class,
                "path": lambda text: quote(str(text), safe="/:~@+-._"),
            }
        )
        self._environment.globals.update({"asset": assets.url, "base_url": self.base_url, "federal": FEDERAL})

    def html(self, template: str, lang: Lang, path: str, query: str = "", /, **values: Any) -> str:
        """Return a page; ``path`` is its address without the language, ``query`` its query string."""
        return self._environment.get_template(template).render(
            **_words(self.catalogue, lang),
            **self._place(lang, path, query),
            government=lambda ocd_id: self.government(ocd_id, lang),
            **values,
        )

    def government(self, ocd_id: str, lang: Lang) -> str:
        """Return what a government is called."""
        if ocd_id == FEDERAL:
            return self.catalogue.text(lang, "coverage.federal")
        return self.governments.name(ocd_id, lang)

    def _place(self, lang: Lang, path: str, query: str) -> dict[str, Any]:
        # The Host header is never believed: addresses come from the settings.
        suffix = f"?{query}" if query else ""
        twins = {each: f"/{each}{path}" for each in language.LANGS}
        return {
            "lang": lang,
            "path": path,
            "here": twins[lang] + suffix,
            "twin": twins[other(lang)] + suffix,
            "canonical": self.base_url + twins[lang] + suffix,
            "alternates": {each: self.base_url + twin + suffix for each, twin in twins.items()},
            "url": lambda where="", **parameters: _address(lang, where, parameters),
            "absolute": lambda where: f"{self.base_url}{where}",
        }


_is_plain = re.compile(r"[A-Za-z0-9/:~@+\-._]*").fullmatch


def _address(lang: Lang, where: str, parameters: Mapping[str, Any]) -> str:
    wanted = {name.rstrip("_"): value for name, value in parameters.items() if value not in (None, "", False)}
    query = f"?{urlencode(wanted)}" if wanted else ""
    # Nearly every address is plain; a page has a hundred.
    return f"/{lang}{where if _is_plain(where) else quote(where, safe='/:~@+-._')}{query}"


def _words(catalogue: Catalogue, lang: Lang) -> dict[str, Any]:
    def pair(record: Mapping[str, Any], name: str, default: str = "") -> Markup:
        """Return one half of a pair; the other language's, marked as such, where this one is empty."""
        mine, theirs = record.get(f"{name}_{lang}"), record.get(f"{name}_{other(lang)}")
        if mine or not theirs:
            return escape(mine or default)
        return Markup('<span lang="{}">{}</span>').format(other(lang), theirs)

    def plain(record: Mapping[str, Any], name: str, default: str = "") -> str:
        return record.get(f"{name}_{lang}") or record.get(f"{name}_{other(lang)}") or default

    def word(area: str, value: object) -> str:
        """Return our word for one of a closed set of values, the value itself where we have none."""
        return catalogue.find(lang, f"{area}.{str(value).replace(' ', '_')}", str(value))

    return {
        "party_tags": _Tags(
            lambda name: _PARTY.format(people.party_class(name), word("party", name or "none"))
        ),
        "option_tags": _Tags(lambda name: _OPTION.format(name.replace(" ", "-"), word("option", name))),
        "t": lambda key, **values: catalogue.text(lang, key, **values),
        "tn": lambda key, n, **values: catalogue.count(lang, key, n, **values),
        "word": word,
        "pair": pair,
        "plain": plain,
        "day": lambda value: language.day(value, lang),
        "moment": lambda value: language.moment(value, lang),
        "number": lambda value, digits=0: language.number(value, lang, digits),
        "percent": lambda share, digits=0: language.percent(share, lang, digits),
        "json_ld": json_ld,
    }


_PARTY = Markup('<span class="party p-{}">{}</span>')
_OPTION = Markup('<span class="opt o-{}">{}</span>')


class _Tags(dict[str, Markup]):
    """What stands for each of a few values, made once a page: a vote shows hundreds of them."""

    def __init__(self, make: Callable[[str], Markup]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, name: str) -> Markup:
        self[name] = made = self._make(name)
        return made


def json_ld(value: Mapping[str, Any]) -> Markup:
    """Return structured data that can stand in a script element: nothing in it can end the element."""
    text = orjson.dumps({"@context": "https://schema.org", **value}).decode()
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return Markup(text)  # noqa: S704 - JSON without a single < > or &
