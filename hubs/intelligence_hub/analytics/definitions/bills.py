"""Indicators of bills."""

from __future__ import annotations

from hubs.intelligence_hub.analytics.indicator import Indicator
from hubs.intelligence_hub.analytics.statements import bills as sql

_SOURCE = (
    "data_hub: bills and their stages, each with its source",
    "data_hub : projets de loi et leurs étapes, chacun avec sa source",
)
_BILLS = ("bills", "projets de loi")
_DAYS = ("days", "jours")
_FILTERS = ("session",)

BILLS = (
    Indicator(
        "bills-by-status",
        "Bills by status",
        "Projets de loi par état",
        "How many bills stand where.",
        "Combien de projets de loi en sont où.",
        "count of bills per status",
        "nombre de projets de loi par état",
        *_BILLS,
        *_SOURCE,
        "The status is the Parliament's own word on the day it was last read.",
        "L’état est le mot du Parlement au jour de la dernière lecture.",
        sql.BILL_STATUS,
        _FILTERS,
    ),
    Indicator(
        "bill-velocity",
        "Days to each stage, bill by bill",
        "Jours jusqu’à chaque étape, par projet de loi",
        "How many days after its introduction a bill reached each stage.",
        "Combien de jours après son dépôt un projet de loi a atteint chaque étape.",
        "date of the stage - date of introduction",
        "date de l’étape - date du dépôt",
        *_DAYS,
        *_SOURCE,
        "Bills that have not reached a stage are missing there: do not average without them.",
        "Les projets qui n’ont pas atteint une étape y manquent : ne pas moyenner sans eux.",
        sql.BILL_VELOCITY,
        (*_FILTERS, "bill"),
    ),
    Indicator(
        "bill-stage-times",
        "Days to each stage",
        "Jours jusqu’à chaque étape",
        "How many days after introduction half of the bills that reached a stage had reached it.",
        "Combien de jours après le dépôt la moitié des projets qui ont atteint une étape l’avaient atteinte.",
        "quartiles over bills of (date of the stage - date of introduction)",
        "quartiles sur les projets de (date de l’étape - date du dépôt)",
        *_DAYS,
        *_SOURCE,
        "Only bills that reached the stage count: see bill-survival for those that have not.",
        "Seuls comptent les projets qui ont atteint l’étape : voir bill-survival pour les autres.",
        sql.BILL_STAGE_TIMES,
        _FILTERS,
    ),
    Indicator(
        "bill-survival",
        "Bills not yet law",
        "Projets non encore devenus lois",
        "The estimated share of bills that are not law so many days after introduction (Kaplan and Meier).",
        "La part estimée des projets qui ne sont pas lois tant de jours après leur dépôt (Kaplan-Meier).",
        "product over days d of (1 - bills that became law on day d / bills still before Parliament on day d)",
        "produit sur les jours d de (1 - projets devenus lois au jour d / projets encore à l’étude au jour d)",
        "share from 0 to 1",
        "part de 0 à 1",
        *_SOURCE,
        "A bill without assent is watched until its latest activity; that it died with its session is not "
        "counted as an end.",
        "Un projet sans sanction est suivi jusqu’à sa dernière activité ; sa mort au feuilleton ne compte pas "
        "comme une fin.",
        sql.BILL_SURVIVAL,
        _FILTERS,
    ),
    Indicator(
        "bill-outcome",
        "What becomes of bills",
        "Le sort des projets de loi",
        "How many government and other bills became law, and the median time that took.",
        "Combien de projets du gouvernement et d’autres sont devenus lois, et le délai médian.",
        "bills with royal assent / bills introduced; median of royal assent - introduction",
        "projets sanctionnés / projets déposés ; médiane de sanction royale - dépôt",
        "share; days",
        "part ; jours",
        *_SOURCE,
        "In a session under way, what has not become law may still do so.",
        "Dans une session en cours, ce qui n’est pas loi peut encore le devenir.",
        sql.BILL_OUTCOME,
        _FILTERS,
    ),
    Indicator(
        "private-member-success",
        "Success of private members' bills",
        "Succès des projets de loi des députés",
        "Per session and chamber: private members' bills, how many passed the chamber they began in, and how "
        "many became law.",
        "Par session et chambre : projets des députés, combien ont été adoptés par leur chambre d’origine et "
        "combien sont devenus lois.",
        "private members' bills with royal assent / private members' bills introduced",
        "projets des députés sanctionnés / projets des députés déposés",
        "bills; share; days",
        "projets de loi ; part ; jours",
        *_SOURCE,
        "Only bills that the source calls private members' bills; those of senators count where it says so.",
        "Seuls les projets que la source dit des députés ; ceux des sénateurs comptent où elle le dit.",
        sql.PRIVATE_MEMBER_SUCCESS,
        _FILTERS,
    ),
    Indicator(
        "sponsorship",
        "Bills sponsored",
        "Projets de loi parrainés",
        "How many bills each sponsor introduced, and how many became law.",
        "Combien de projets chaque parrain a déposés, et combien sont devenus lois.",
        "count of bills per first sponsor",
        "nombre de projets par premier parrain",
        *_BILLS,
        *_SOURCE,
        "Ministers sponsor bills of the government, not their own.",
        "Les ministres parrainent des projets du gouvernement, non les leurs.",
        sql.SPONSORSHIP,
        _FILTERS,
    ),
)
