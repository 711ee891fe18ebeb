"""The words of messages, English and French side by side; values come from events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Wording:
    """One message in one language: ``{name}`` stands for a value; ``button`` labels the link in ``url``."""

    subject: str
    paragraphs: tuple[str, ...]
    button: str = ""


_IGNORE_EN = "If this was not you, you need do nothing."
_IGNORE_FR = "Si ce n’était pas vous, vous n’avez rien à faire."

TEMPLATES: dict[str, dict[str, Wording]] = {
    "verify-address": {
        "en": Wording(
            "Confirm your address",
            ("Hello {name},", "Confirm your address within {minutes} minutes:", _IGNORE_EN),
            "Confirm my address",
        ),
        "fr": Wording(
            "Confirmez votre adresse",
            ("Bonjour {name},", "Confirmez votre adresse d’ici {minutes} minutes :", _IGNORE_FR),
            "Confirmer mon adresse",
        ),
    },
    "reset-password": {
        "en": Wording(
            "Choose a new password",
            ("Hello {name},", "Choose a new password within {minutes} minutes:", _IGNORE_EN),
            "Choose a new password",
        ),
        "fr": Wording(
            "Choisissez un nouveau mot de passe",
            ("Bonjour {name},", "Choisissez un nouveau mot de passe d’ici {minutes} minutes :", _IGNORE_FR),
            "Choisir un nouveau mot de passe",
        ),
    },
    "password-changed": {
        "en": Wording(
            "Your password was changed",
            ("Hello {name},", "Your password was changed. If it was not you, reset it at once."),
        ),
        "fr": Wording(
            "Votre mot de passe a été changé",
            ("Bonjour {name},", "Votre mot de passe a été changé. Si ce n’était pas vous, réinitialisez-le."),
        ),
    },
    "address-in-use": {
        "en": Wording(
            "You already have an account",
            ("Hello {name},", "Somebody asked for an account with this address, which has one already."),
        ),
        "fr": Wording(
            "Vous avez déjà un compte",
            ("Bonjour {name},", "Quelqu’un a demandé un compte pour cette adresse, qui en a déjà un."),
        ),
    },
    "organisation-invitation": {
        "en": Wording(
            "{name} invites you to {organisation_en}",
            ("{name} invites you to join {organisation_en}.", _IGNORE_EN),
            "Join",
        ),
        "fr": Wording(
            "{name} vous invite à {organisation_fr}",
            ("{name} vous invite à vous joindre à {organisation_fr}.", _IGNORE_FR),
            "Se joindre",
        ),
    },
    "confirm-subscription": {
        "en": Wording(
            "Confirm your subscription: {title}",
            ("You asked to hear of: {title}.", "Nothing is sent before you confirm.", _IGNORE_EN),
            "Confirm my subscription",
        ),
        "fr": Wording(
            "Confirmez votre abonnement : {title}",
            ("Vous avez demandé des nouvelles de : {title}.", "Rien n’est envoyé avant.", _IGNORE_FR),
            "Confirmer mon abonnement",
        ),
    },
    "alert": {
        "en": Wording("{title}", ()),
        "fr": Wording("{title}", ()),
    },
    "digest": {
        "en": Wording("{count} things that you follow have changed", ()),
        "fr": Wording("{count} nouvelles de ce que vous suivez", ()),
    },
}
PLAIN = {
    "en": Wording("{title}", ("{text}",), "Open"),
    "fr": Wording("{title}", ("{text}",), "Ouvrir"),
}
"""For a notice whose template is not one of ours: its values ``title``, ``text`` and ``url`` are shown."""

FOOTER = {
    "en": ("You get this because you follow it.", "Unsubscribe", "Manage what you follow"),
    "fr": ("Vous recevez ceci parce que vous le suivez.", "Se désabonner", "Gérer ce que vous suivez"),
}


class _Blank(dict[str, Any]):
    def __missing__(self, _: str) -> str:
        return ""


def filled(text: str, values: dict[str, Any]) -> str:
    """Return a wording with its values; a value that is missing is empty."""
    plain = {key: str(value) for key, value in values.items() if isinstance(value, str | int | float)}
    return " ".join(text.format_map(_Blank(plain)).split()).replace(" ,", ",")


def wording(template: str, language: str) -> Wording:
    """Return the words of a template."""
    return TEMPLATES.get(template, PLAIN)["fr" if language == "fr" else "en"]
