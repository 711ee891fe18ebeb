"""Indicators of the platform itself: its sources and its use."""

from __future__ import annotations

from hubs.intelligence_hub.analytics.indicator import Indicator
from hubs.intelligence_hub.analytics.statements import sources as sql

PLATFORM = (
    Indicator(
        "scrape-yield",
        "What scrapes yield",
        "Rendement des moissons",
        "Per source: runs, records read, and what they changed in the record.",
        "Par source : exécutions, fiches lues, et ce qu’elles ont changé.",
        "sums over runs that ended, dry runs left out",
        "sommes sur les exécutions terminées, essais à blanc exclus",
        "runs; records",
        "exécutions ; fiches",
        "events of the scraper and the importer",
        "événements du moissonneur et de l’importateur",
        "Kept from events since this installation began; a rebuild leaves it as it is.",
        "Tenu d’après les événements depuis le début de cette installation ; une reconstruction n’y change rien.",
        sql.SCRAPE_YIELD,
        ("source",),
    ),
    Indicator(
        "freshness",
        "Freshness of the record",
        "Fraîcheur des fiches",
        "Per jurisdiction and type: how many records, and how long ago their source was last read in full.",
        "Par territoire et type : combien de fiches, et depuis quand leur source n’a pas été relue.",
        "now - last reading; stale when that exceeds the promised hours",
        "maintenant - dernière lecture ; périmé au-delà des heures promises",
        "records; hours",
        "fiches ; heures",
        "data_hub: coverage",
        "data_hub : couverture",
        "Says when a source was read, not whether the source itself is up to date.",
        "Dit quand une source fut lue, non si la source elle-même est à jour.",
        sql.FRESHNESS,
        ("jurisdiction",),
    ),
    Indicator(
        "platform-use",
        "Use of the platform",
        "Utilisation de la plateforme",
        "Per day and kind of page or interface: how many requests were answered, refused, or failed.",
        "Par jour et genre de page ou d’interface : combien de requêtes furent servies, refusées ou ratées.",
        "sums of the counters of every door, by day (UTC) and route template",
        "sommes des compteurs de chaque porte, par jour (UTC) et gabarit de route",
        "requests",
        "requêtes",
        "counters of the gateway, told every minute",
        "compteurs de la passerelle, communiqués chaque minute",
        "Requests, not people: no cookie, address, account or path is kept, so nobody is counted once. Programs and"
        " crawlers count too. What a door answered in the minute before it broke down is missing. A rebuild leaves it.",
        "Des requêtes, non des personnes : ni témoin, ni adresse, ni compte, ni chemin n’est gardé; nul n’est donc compté"
        " une seule fois. Programmes et robots comptent aussi. Il manque ce qu’une porte a servi dans la minute avant une"
        " panne. Une reconstruction n’y change rien.",
        sql.PLATFORM_USE,
    ),
)
