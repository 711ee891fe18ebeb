"""The public status page of ops_hub itself: it needs neither the gateway nor the database."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import Literal

from hubs.ops_hub.health.names import name_of
from hubs.ops_hub.health.schemas import HealthRead, IncidentRead, TargetRead

Lang = Literal["en", "fr"]
_WORDS: dict[Lang, dict[str, str]] = {
    "en": {
        "title": "OpenPolicy: status",
        "up": "All systems work",
        "degraded": "Some systems do not work as they should",
        "down": "The service is down",
        "unknown": "Not known yet",
        "s_up": "works",
        "s_degraded": "works, with a problem",
        "s_down": "does not work",
        "s_unknown": "not known yet",
        "score": "score",
        "system": "System",
        "state": "State",
        "since": "Since (UTC)",
        "because": "because of",
        "cause": "Cause",
        "stands": "concerns",
        "incidents": "Incidents",
        "none": "None so far.",
        "running": "not over",
        "checked": "Checked",
        "never": "not checked yet",
        "e_down": "does not work",
        "e_up": "works again",
        "e_spread": "spreads to",
        "e_note": "note",
        "e_unwatched": "is no longer watched",
        "other": "Français",
    },
    "fr": {
        "title": "OpenPolicy : état",
        "up": "Tous les systèmes fonctionnent",
        "degraded": "Certains systèmes ne fonctionnent pas comme il faut",
        "down": "Le service est en panne",
        "unknown": "Encore inconnu",
        "s_up": "fonctionne",
        "s_degraded": "fonctionne, avec un problème",
        "s_down": "ne fonctionne pas",
        "s_unknown": "encore inconnu",
        "score": "note",
        "system": "Système",
        "state": "État",
        "since": "Depuis (UTC)",
        "because": "à cause de",
        "cause": "Cause",
        "stands": "touche",
        "incidents": "Incidents",
        "none": "Aucun jusqu’ici.",
        "running": "en cours",
        "checked": "Vérifié",
        "never": "pas encore vérifié",
        "e_down": "ne fonctionne pas",
        "e_up": "fonctionne de nouveau",
        "e_spread": "s’étend à",
        "e_note": "note",
        "e_unwatched": "n’est plus surveillé",
        "other": "English",
    },
}
_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:52rem;margin:1rem auto;padding:0 1rem;color:#1d2125;"
    "background:#fff}table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.35rem .5rem;"
    "border-bottom:1px solid #c9cdd2}.up{color:#1a6b33}.degraded{color:#8a4b00}.down{color:#a3121e}"
    ".unknown{color:#4a4f57}.verdict{font-size:1.3rem;font-weight:600}"
    "@media(prefers-color-scheme:dark){body{background:#16191d;color:#e7e9ec}.up{color:#7fd49b}"
    ".degraded{color:#f0b36b}.down{color:#ff8a8a}.unknown{color:#b6bcc4}a{color:#9cc4ff}}"
)


def status_page(health: HealthRead, incidents: list[IncidentRead], lang: Lang) -> str:
    """Return the page as HTML; it loads nothing else and refreshes itself every 30 seconds."""
    words = _WORDS[lang]
    other: Lang = "fr" if lang == "en" else "en"
    roots = [row for row in health.targets if row.name in health.roots]
    causes = "".join(f"<p>{words['cause']}: {_cause(row, lang)}</p>" for row in roots)
    rows = "".join(_row(row, lang) for row in health.targets)
    told = "".join(_incident(row, lang) for row in incidents) or f"<p>{words['none']}</p>"
    checked = _when(health.checked_at) if health.checked_at else words["never"]
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta http-equiv="refresh" content="30"><title>{words["title"]}</title>'
        f"<style>{_STYLE}</style></head><body><main><h1>{words['title']}</h1>"
        f'<p class="verdict {health.state}">{words[health.state]}</p>'
        f"<p>{words['score']}: {health.score}/100</p>{causes}"
        f'<table><thead><tr><th scope="col">{words["system"]}</th><th scope="col">{words["state"]}</th>'
        f'<th scope="col">{words["since"]}</th></tr></thead><tbody>{rows}</tbody></table>'
        f"<h2>{words['incidents']}</h2>{told}<p><small>{words['checked']}: {checked}</small></p>"
        f'<p><a href="?lang={other}" lang="{other}" hreflang="{other}">{words["other"]}</a></p>'
        f"</main></body></html>"
    )


def _named(names: list[str], lang: Lang) -> str:
    return escape(", ".join(name_of(name)[lang == "fr"] for name in names))


def _cause(row: TargetRead, lang: Lang) -> str:
    stands = f" ({_WORDS[lang]['stands']}: {_named(row.dependants, lang)})" if row.dependants else ""
    return f"<strong>{_named([row.name], lang)}</strong>{stands}"


def _row(row: TargetRead, lang: Lang) -> str:
    words = _WORDS[lang]
    because = f"<br><small>{words['because']} {_named(row.caused_by, lang)}</small>" if row.caused_by else ""
    return (
        f'<tr><th scope="row">{_named([row.name], lang)}</th>'
        f'<td class="{row.state}">{words[f"s_{row.state}"]}{because}</td><td>{_when(row.since)}</td></tr>'
    )


def _incident(row: IncidentRead, lang: Lang) -> str:
    words = _WORDS[lang]
    ended = _when(row.ended_at) if row.ended_at else words["running"]
    entries = "".join(f"<li>{_entry(entry, lang)}</li>" for entry in row.timeline)
    head = f"{_named([row.root], lang)}: {_when(row.started_at)} – {ended}"
    return f"<details{'' if row.ended_at else ' open'}><summary>{head}</summary><ol>{entries}</ol></details>"


def _entry(entry: dict[str, object], lang: Lang) -> str:
    words = _WORDS[lang]
    event = str(entry.get("event", ""))
    text = words.get(f"e_{event}", escape(event))
    affected = entry.get("affected")
    if event == "spread" and isinstance(affected, list):
        text = f"{text} {_named([str(name) for name in affected], lang)}"
    if event == "note":
        text = escape(str(entry.get(f"text_{lang}") or entry.get("text_en") or ""))
    return f"{escape(str(entry.get('at', ''))[:16].replace('T', ' '))} {text}"


def _when(at: datetime | None) -> str:
    return f'<time datetime="{at.isoformat()}">{at:%Y-%m-%d %H:%M}</time>' if at else ""
