"""Indicators of what is said, and of committees and councils."""

from __future__ import annotations

from hubs.intelligence_hub.analytics.indicator import Indicator
from hubs.intelligence_hub.analytics.statements import meetings, speeches

_SPOKEN = (
    "data_hub: debates and evidence, each with its source",
    "data_hub : débats et témoignages, chacun avec sa source",
)
_MET = (
    "data_hub: meetings with their agendas, each with its source",
    "data_hub : réunions et leurs ordres du jour, chacune avec sa source",
)
_FILTERS = ("session", "organization")
_ODDS = (
    "log((y + a) / (n + 1000 - y - a)) for the subject minus the same for everybody else; a = 1000 x the "
    "word's share in the chamber; score = difference / sqrt(1 / (y + a) + 1 / (y' + a))",
    "log((y + a) / (n + 1000 - y - a)) pour le sujet moins la même chose pour tous les autres ; a = 1000 x la "
    "part du mot dans la chambre ; cote = différence / racine(1 / (y + a) + 1 / (y' + a))",
    "log-odds; standard deviations",
    "logarithme de cotes ; écarts types",
)

PROCEEDINGS = (
    Indicator(
        "speaking-time",
        "Speaking time and words",
        "Temps de parole et mots",
        "How much each member said: sittings, speeches, words, and minutes where the record is stamped.",
        "Combien chaque membre a parlé : séances, interventions, mots, et minutes là où le compte rendu est "
        "horodaté.",
        "words of speeches that are not procedural; minutes = span between two stamps of a sitting x the "
        "speech's share of the words in it",
        "mots des interventions non procédurales ; minutes = durée entre deux horodatages d’une séance x la "
        "part des mots de l’intervention",
        "words; minutes",
        "mots ; minutes",
        *_SPOKEN,
        "Minutes are an estimate: stamps stand about every five minutes, spans over 30 minutes count for "
        "nobody, and the last span of a sitting has no known end.",
        "Les minutes sont estimées : un horodatage toutes les cinq minutes environ, les durées de plus de 30 "
        "minutes ne comptent pour personne, et la fin de la dernière est inconnue.",
        speeches.SPEAKING_TIME,
        (*_FILTERS, "member", "debate"),
    ),
    Indicator(
        "debate-activity",
        "Debates in numbers",
        "Les débats en chiffres",
        "Per sitting: speeches, speakers, words in each language, minutes where stamped.",
        "Par séance : interventions, orateurs, mots dans chaque langue, minutes où horodatées.",
        "counts over all speeches of the sitting, procedural ones included",
        "totaux sur toutes les interventions de la séance, procédurales comprises",
        "speeches; words; minutes",
        "interventions ; mots ; minutes",
        *_SPOKEN,
        "Each language counts the published text, translation included; a missing language counts as 0.",
        "Chaque langue compte le texte publié, traduction comprise ; une langue manquante compte pour 0.",
        speeches.DEBATE_ACTIVITY,
        (*_FILTERS, "debate"),
    ),
    Indicator(
        "member-words",
        "Words that set a member apart",
        "Les mots propres à un membre",
        "Words that a member says more often than the rest of the chamber does, the most telling first.",
        "Les mots qu’un membre dit plus souvent que le reste de la chambre, les plus parlants d’abord.",
        *_ODDS,
        *_SPOKEN,
        "Words said once are left out; forms of one word count apart; translations count as the member's words.",
        "Les mots dits une fois sont omis ; les formes d’un mot comptent à part ; les traductions comptent "
        "comme les mots du membre.",
        speeches.MEMBER_WORDS,
        (*_FILTERS, "member", "lang"),
        ("member",),
    ),
    Indicator(
        "debate-words",
        "Words that set a debate apart",
        "Les mots propres à un débat",
        "Words said more often in a sitting than in the chamber's other sittings, the most telling first.",
        "Les mots dits plus souvent dans une séance que dans les autres de la chambre, les plus parlants "
        "d’abord.",
        *_ODDS,
        *_SPOKEN,
        "Words said once are left out; forms of one word count apart; procedural speeches are not counted.",
        "Les mots dits une fois sont omis ; les formes d’un mot comptent à part ; les interventions "
        "procédurales ne comptent pas.",
        speeches.DEBATE_WORDS,
        ("session", "debate", "lang"),
        ("debate",),
    ),
    Indicator(
        "committee-activity",
        "Activity of committees",
        "Activité des comités",
        "Per committee: meetings held and cancelled, hours, sittings with evidence, speeches and words.",
        "Par comité : réunions tenues et annulées, heures, séances avec témoignages, interventions et mots.",
        "counts per committee; hours = sum of end - start over meetings that state both",
        "totaux par comité ; heures = somme de fin - début des réunions qui donnent les deux",
        "meetings; hours; words",
        "réunions ; heures ; mots",
        "data_hub: meetings and evidence of committees, each with its source",
        "data_hub : réunions et témoignages des comités, chacun avec sa source",
        "Start and end are as announced; a meeting without an end has no hours.",
        "Début et fin sont ceux annoncés ; une réunion sans fin n’a pas d’heures.",
        meetings.COMMITTEE_ACTIVITY,
        (*_FILTERS, "jurisdiction"),
    ),
    Indicator(
        "municipal-meetings",
        "Meetings of councils",
        "Réunions des conseils",
        "Per council or board of a municipality: meetings, agenda items, motions and recorded votes.",
        "Par conseil ou commission d’une municipalité : réunions, points à l’ordre du jour, motions et votes "
        "consignés.",
        "counts per jurisdiction and body; jurisdictions are census subdivisions and divisions",
        "totaux par territoire et organe ; les territoires sont des subdivisions et divisions de recensement",
        "meetings; items",
        "réunions ; points",
        *_MET,
        "A meeting counts when it was announced and not cancelled; agendas published as files only have no "
        "items.",
        "Une réunion compte si elle fut annoncée et non annulée ; les ordres du jour en fichiers seuls n’ont "
        "pas de points.",
        meetings.MUNICIPAL_MEETINGS,
        ("jurisdiction",),
    ),
)
