"""Messages as they travel: text and HTML, one-click unsubscribe (RFC 8058), a message id that stays."""

from __future__ import annotations

import html
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any
from uuid import UUID

from hubs.ux_hub.notification.wording import FOOTER, filled, wording
from shared.core.clock import utc_now

_STYLE = "font-family:system-ui,sans-serif;max-width:36rem;margin:0 auto;padding:1rem;line-height:1.5"
_BUTTON = "display:inline-block;padding:.6rem 1rem;background:#8b1a1a;color:#fff;text-decoration:none"


def compose(
    delivery_id: UUID,
    sender: str,
    recipient: str,
    template: str,
    language: str,
    values: dict[str, Any],
    base: str,
) -> bytes:
    """Return the bytes of one message; links are absolute under ``base``."""
    words = wording(template, language)
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = filled(words.subject, values)[:200]
    message["Date"] = format_datetime(utc_now())
    domain = sender.rpartition("@")[2].strip("> ") or "localhost"
    message["Message-ID"] = f"<{delivery_id}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = language
    unsubscribe = values.get("unsubscribe_url")
    if unsubscribe:
        message["List-Unsubscribe"] = f"<{unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message["List-Id"] = f"<alerts.{domain}>"
        message["Precedence"] = "bulk"
    message.set_content(_text(words.paragraphs, words.button, language, values, base))
    message.add_alternative(_html(words.paragraphs, words.button, language, values, base), subtype="html")
    return message.as_bytes()


def _link(url: str, base: str) -> str:
    return url if "://" in url else f"{base}{url}"


def _items(values: dict[str, Any], language: str, base: str) -> list[tuple[str, str, str]]:
    return [
        (str(item[f"title_{language}"]), str(item[f"detail_{language}"]), _link(str(item["url"]), base))
        for item in values.get("items") or ()
    ]


def _text(paragraphs: tuple[str, ...], button: str, language: str, values: dict[str, Any], base: str) -> str:
    parts = [filled(paragraph, values) for paragraph in paragraphs]
    if button and values.get("url"):
        parts.append(f"{button}: {_link(str(values['url']), base)}")
    parts += [f"{title}\n{detail}\n{url}" for title, detail, url in _items(values, language, base)]
    if values.get("unsubscribe_url"):
        because, unsubscribe, manage = FOOTER[language]
        parts.append(f"-- \n{because}\n{unsubscribe}: {values['unsubscribe_url']}\n{manage}: {base}/account")
    return "\n\n".join(parts) + "\n"


def _html(paragraphs: tuple[str, ...], button: str, language: str, values: dict[str, Any], base: str) -> str:
    parts = [f"<p>{html.escape(filled(paragraph, values))}</p>" for paragraph in paragraphs]
    if button and values.get("url"):
        address = html.escape(_link(str(values["url"]), base), quote=True)
        parts.append(f'<p><a style="{_BUTTON}" href="{address}">{html.escape(button)}</a></p>')
    for title, detail, url in _items(values, language, base):
        address = html.escape(url, quote=True)
        parts.append(
            f'<p><a href="{address}"><strong>{html.escape(title)}</strong></a><br>{html.escape(detail)}</p>'
        )
    if values.get("unsubscribe_url"):
        because, unsubscribe, manage = FOOTER[language]
        address = html.escape(str(values["unsubscribe_url"]), quote=True)
        parts.append(
            f'<hr><p><small>{html.escape(because)} <a href="{address}">{html.escape(unsubscribe)}</a> · '
            f'<a href="{html.escape(base, quote=True)}/account">{html.escape(manage)}</a></small></p>'
        )
    body = "\n".join(parts)
    head = f'<!doctype html><html lang="{language}"><meta charset="utf-8">'
    return f'{head}<body style="{_STYLE}">{body}</body></html>'
