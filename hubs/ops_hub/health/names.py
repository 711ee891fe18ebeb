"""What the targets are called, in English and in French."""

from __future__ import annotations

NAMES: dict[str, tuple[str, str]] = {
    "ux": ("Pages and gateway", "Pages et passerelle"),
    "security": ("Identity and policies", "Identité et politiques"),
    "data": ("Public record and search", "Registre public et recherche"),
    "business": ("Collection and import", "Collecte et importation"),
    "ops": ("Monitoring", "Surveillance"),
    "intelligence": ("Analysis and audit", "Analyse et audit"),
    "importer": ("Importer", "Importateur"),
    "scraper": ("Scraper", "Moissonneur"),
    "celery-worker": ("Task worker", "Exécuteur de tâches"),
    "celery-beat": ("Task clock", "Horloge des tâches"),
    "postgresql": ("Database", "Base de données"),
    "rabbitmq": ("Message broker", "Courtier de messages"),
    "broker": ("Message broker (embedded)", "Courtier de messages (intégré)"),
    "redis": ("Cache", "Cache"),
    "opa": ("Policy agent", "Agent de politiques"),
    "disk": ("Disk", "Disque"),
    "backup": ("Backup", "Sauvegarde"),
    "certificate": ("Certificates", "Certificats"),
    "schedules": ("Schedules", "Horaires"),
    "sources": ("Upstream sources", "Sources en amont"),
    "monitors": ("Checked-in tasks", "Tâches surveillées"),
}


def name_of(target: str) -> tuple[str, str]:
    """Return a target's name in English and in French; its own where there is none."""
    return NAMES.get(target, (target, target))
