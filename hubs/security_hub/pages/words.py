"""Everything our pages say, in English and French."""

from __future__ import annotations

from typing import Literal

Language = Literal["en", "fr"]

# English first, then French.
WORDS: dict[str, tuple[str, str]] = {
    "site": ("OpenPolicy", "OpenPolicy"),
    "language": ("Français", "English"),
    "error": ("Error", "Erreur"),
    "signin.title": ("Sign in", "Connexion"),
    "signin.to": ("to continue to {name}", "pour continuer vers {name}"),
    "signin.login": ("E-mail address or user name", "Adresse courriel ou nom d’utilisateur"),
    "signin.password": ("Password", "Mot de passe"),
    "signin.remember": ("Stay signed in for 30 days", "Rester connecté pendant 30 jours"),
    "signin.submit": ("Sign in", "Se connecter"),
    "signin.forgot": ("Forgot your password?", "Mot de passe oublié?"),
    "signin.register": ("Create an account", "Créer un compte"),
    "signin.have": ("I have an account", "J’ai déjà un compte"),
    "signin.passkey": ("Sign in with a passkey", "Se connecter avec une clé d’accès"),
    "signin.with": ("Sign in with {name}", "Se connecter avec {name}"),
    "signin.failed": (
        "The account or the password is wrong.",
        "Le compte ou le mot de passe est erroné.",
    ),
    "signin.unverified": (
        "Your address is not confirmed yet. Follow the link in the mail we sent you.",
        "Votre adresse n’est pas encore confirmée. Suivez le lien du courriel que nous vous avons envoyé.",
    ),
    "signin.throttled": (
        "Too many attempts. Wait {minutes} min, or use a device you have signed in with before.",
        "Trop de tentatives. Attendez {minutes} min, ou utilisez un appareil déjà connu de votre compte.",
    ),
    "signin.busy": ("Too many people are signing in. Try again.", "Trop de connexions à la fois. Réessayez."),
    "code.title": ("Enter a code", "Entrez un code"),
    "code.label": (
        "Code of your authenticator, or a recovery code",
        "Code de votre application d’authentification, ou code de secours",
    ),
    "code.submit": ("Continue", "Continuer"),
    "code.wrong": (
        "The code is wrong or was used before.",
        "Le code est erroné ou a déjà servi.",
    ),
    "code.again": ("This took too long. Sign in again.", "Le délai est passé. Reconnectez-vous."),
    "register.title": ("Create an account", "Créer un compte"),
    "register.email": ("E-mail address", "Adresse courriel"),
    "register.name": ("Your name (optional)", "Votre nom (facultatif)"),
    "register.password": ("Password", "Mot de passe"),
    "register.hint": (
        "At least {length} characters. A few words that do not belong together are good.",
        "Au moins {length} caractères. Quelques mots sans rapport entre eux conviennent bien.",
    ),
    "register.submit": ("Create the account", "Créer le compte"),
    "sent.title": ("Look into your mail", "Consultez vos courriels"),
    "sent.text": (
        "If this concerns an account, a mail with a link is on its way. It works for one hour.",
        "Si un compte est concerné, un courriel contenant un lien est en route. Il est valable une heure.",
    ),
    "verify.title": ("Confirm your address", "Confirmez votre adresse"),
    "verify.text": (
        "Enter the password that you chose when you created the account.",
        "Entrez le mot de passe que vous avez choisi en créant le compte.",
    ),
    "verify.submit": ("Confirm and sign in", "Confirmer et se connecter"),
    "verify.wrong": (
        "This is not the password chosen with this link.",
        "Ce n’est pas le mot de passe choisi avec ce lien.",
    ),
    "forgot.title": ("Reset your password", "Réinitialiser le mot de passe"),
    "forgot.submit": ("Send a link", "Envoyer un lien"),
    "reset.title": ("Choose a new password", "Choisissez un nouveau mot de passe"),
    "reset.label": ("New password", "Nouveau mot de passe"),
    "reset.submit": ("Save the password", "Enregistrer le mot de passe"),
    "reset.done": (
        "The password was changed. Sign in with it.",
        "Le mot de passe est changé. Connectez-vous.",
    ),
    "link.bad": (
        "This link was used or has run out. Ask for another one.",
        "Ce lien a déjà servi ou n’est plus valable. Demandez-en un autre.",
    ),
    "weak.too-short": ("The password is too short.", "Le mot de passe est trop court."),
    "weak.too-long": ("The password is too long.", "Le mot de passe est trop long."),
    "weak.repeat": ("The password repeats itself.", "Le mot de passe se répète."),
    "weak.digits": ("The password is only digits.", "Le mot de passe n’est fait que de chiffres."),
    "weak.sequence": (
        "The password is a row of the keyboard or the alphabet.",
        "Le mot de passe suit le clavier ou l’alphabet.",
    ),
    "weak.common": (
        "The password is among the first that anybody would try.",
        "Ce mot de passe est parmi les premiers que l’on essaierait.",
    ),
    "weak.personal": (
        "The password is made of your own name or address.",
        "Le mot de passe est tiré de votre nom ou de votre adresse.",
    ),
    "address.bad": ("This is no e-mail address.", "Ceci n’est pas une adresse courriel."),
    "consent.title": ("{name} asks for access", "{name} demande un accès"),
    "consent.text": (
        "{name} would like to act for you, {who}. It could:",
        "{name} souhaite agir en votre nom, {who}. L’application pourrait :",
    ),
    "consent.where": ("You will be sent to {host}.", "Vous serez dirigé vers {host}."),
    "consent.allow": ("Allow", "Autoriser"),
    "consent.deny": ("Refuse", "Refuser"),
    "consent.other": ("Use another account", "Utiliser un autre compte"),
    "signout.title": ("Sign out", "Déconnexion"),
    "signout.text": ("Do you want to sign out of OpenPolicy?", "Voulez-vous vous déconnecter d’OpenPolicy?"),
    "signout.submit": ("Sign out", "Se déconnecter"),
    "signout.stay": ("Stay signed in", "Rester connecté"),
    "signout.done": ("You are signed out.", "Vous êtes déconnecté."),
    "account.title": ("Your account", "Votre compte"),
    "account.sessions": ("Where you are signed in", "Où vous êtes connecté"),
    "account.here": ("this device", "cet appareil"),
    "account.since": ("since {date}", "depuis le {date}"),
    "account.end": ("End", "Terminer"),
    "account.apps": ("Applications that act for you", "Applications qui agissent en votre nom"),
    "account.none": ("None.", "Aucune."),
    "account.withdraw": ("Withdraw", "Retirer"),
    "account.factors": ("One-time codes", "Codes à usage unique"),
    "account.factors.on": (
        "On. {left} recovery codes are left.",
        "Actifs. Il reste {left} codes de secours.",
    ),
    "account.factors.off": (
        "Off. Your password alone protects this account.",
        "Inactifs. Seul votre mot de passe protège ce compte.",
    ),
    "account.factors.setup": ("Set up", "Configurer"),
    "account.factors.remove": ("Turn off", "Désactiver"),
    "account.passkeys": ("Passkeys", "Clés d’accès"),
    "account.passkeys.add": ("Add a passkey", "Ajouter une clé d’accès"),
    "account.password.confirm": ("Your password, once more", "Votre mot de passe, encore une fois"),
    "totp.title": ("Set up one-time codes", "Configurer les codes à usage unique"),
    "totp.text": (
        "Add this key to your authenticator application, then enter the code that it shows.",
        "Ajoutez cette clé à votre application d’authentification, puis entrez le code affiché.",
    ),
    "totp.key": ("Key", "Clé"),
    "totp.open": ("Open in the authenticator on this device", "Ouvrir dans l’application de cet appareil"),
    "totp.code": ("Code", "Code"),
    "totp.submit": ("Turn on", "Activer"),
    "codes.title": ("Your recovery codes", "Vos codes de secours"),
    "codes.text": (
        "Keep them where you will find them without your phone. Each works once. They are shown only now.",
        "Gardez-les hors de votre téléphone. Chacun sert une seule fois. Ils ne s’affichent qu’ici.",
    ),
    "codes.done": ("I have kept them", "Je les ai conservés"),
    "forbidden.title": ("Please try again", "Veuillez réessayer"),
    "forbidden.text": (
        "The form was open too long or came from another site. Go back and try again.",
        "Le formulaire est resté ouvert trop longtemps ou venait d’un autre site. Revenez et réessayez.",
    ),
    "badlink.title": ("This link does not work", "Ce lien ne fonctionne pas"),
    "badlink.text": (
        "The application that sent you here made a mistake. Nothing was shared with it.",
        "L’application qui vous a envoyé ici a commis une erreur. Rien ne lui a été transmis.",
    ),
    "external.taken": (
        "Your address has an account here. Sign in with its password, then connect {name}.",
        "Votre adresse a déjà un compte ici. Connectez-vous avec son mot de passe, puis liez {name}.",
    ),
    "external.failed": (
        "Signing in with {name} did not work. Try again or use your password.",
        "La connexion avec {name} a échoué. Réessayez ou utilisez votre mot de passe.",
    ),
}


def say(key: str, language: Language, **values: object) -> str:
    """Return a text in a language.

    Raises: KeyError for a text that does not exist.
    """
    return WORDS[key][0 if language == "en" else 1].format(**values)


def preferred(header: str) -> Language:
    """Return English or French, whichever an ``Accept-Language`` header prefers."""
    weights: dict[str, float] = {}
    for part in header[:500].split(","):
        name, _, rest = part.strip().partition(";")
        primary = name.partition("-")[0].lower()
        try:
            weight = float(rest.strip().removeprefix("q=")) if rest else 1.0
        except ValueError:
            weight = 0.0
        if primary in ("en", "fr"):
            weights[primary] = max(weights.get(primary, 0.0), weight)
    return "fr" if weights.get("fr", 0.0) > weights.get("en", 0.0) else "en"
