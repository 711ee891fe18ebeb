"""Indicators of recorded votes."""

from __future__ import annotations

from hubs.intelligence_hub.analytics.indicator import Indicator
from hubs.intelligence_hub.analytics.statements import votes as sql

_SOURCE = (
    "data_hub: recorded votes and their ballots, each with its source",
    "data_hub : votes par appel nominal et leurs bulletins, chacun avec sa source",
)
_SHARE = ("share from 0 to 1", "part de 0 à 1")
_FILTERS = ("session", "organization")

VOTES = (
    Indicator(
        "party-unity",
        "Party unity",
        "Cohésion des partis",
        "How close to one voice a party's members vote: the mean over votes of the larger side's share.",
        "À quel point les membres d’un parti votent d’une seule voix : moyenne sur les votes de la part du "
        "camp majoritaire.",
        "mean over votes of max(yes, no) / (yes + no), ballots of the party's members on that day",
        "moyenne sur les votes de max(oui, non) / (oui + non), bulletins des membres du parti ce jour-là",
        "share from 0.5 to 1",
        "part de 0,5 à 1",
        *_SOURCE,
        "Votes on which no member of the party said yes or no do not count; a party of one is always united; "
        "independents are no party.",
        "Les votes sans oui ni non du parti ne comptent pas ; un parti d’un seul membre est toujours uni ; les "
        "indépendants ne sont pas un parti.",
        sql.PARTY_UNITY,
        _FILTERS,
    ),
    Indicator(
        "vote-unity",
        "Unity per vote and party",
        "Cohésion par vote et par parti",
        "Per vote and party: yes, no, the line, and how many voted against it.",
        "Par vote et par parti : oui, non, la ligne, et combien ont voté contre elle.",
        "line = the larger of yes and no, a tie is no line; dissents = min(yes, no)",
        "ligne = le plus grand de oui et non, une égalité n’est pas une ligne ; dissidences = min(oui, non)",
        "ballots; share",
        "bulletins ; part",
        *_SOURCE,
        "The line is what most did, not an instruction that anybody gave; independents have none.",
        "La ligne est ce que la plupart ont fait, non une consigne donnée ; les indépendants n’en ont pas.",
        sql.VOTE_UNITY,
        (*_FILTERS, "vote"),
    ),
    Indicator(
        "member-dissent",
        "Dissent of members",
        "Dissidence des membres",
        "How often a member voted against the line of the party of that day.",
        "Combien de fois un membre a voté contre la ligne de son parti du jour.",
        "votes against the line / votes cast yes or no in which the party had a line",
        "votes contre la ligne / votes oui ou non où le parti avait une ligne",
        *_SHARE,
        *_SOURCE,
        "Free votes count like others; see vote-unity for the votes concerned. The column party is the last one; "
        "votes as an independent do not count.",
        "Les votes libres comptent comme les autres ; voir vote-unity pour les votes en cause. La colonne party "
        "est le dernier parti ; les votes comme indépendant ne comptent pas.",
        sql.MEMBER_DISSENT,
        (*_FILTERS, "member"),
    ),
    Indicator(
        "attendance",
        "Attendance at votes",
        "Participation aux votes",
        "The share of the votes held since a member's first ballot in which the member took part.",
        "La part des votes tenus depuis le premier bulletin d’un membre auxquels il a pris part.",
        "ballots other than absent or not voting / votes of the same body since the first ballot",
        "bulletins autres qu’absent ou sans vote / votes du même organe depuis le premier bulletin",
        *_SHARE,
        *_SOURCE,
        "A member who left counts as absent from then on; a paired member counts as taking part.",
        "Un membre parti compte comme absent ensuite ; un membre pairé compte comme participant.",
        sql.ATTENDANCE,
        (*_FILTERS, "member"),
    ),
    Indicator(
        "agreement",
        "Agreement with a member",
        "Accord avec un membre",
        "How often every other member said the same as one member, the nearest first.",
        "Combien de fois chaque autre membre a dit la même chose qu’un membre, les plus proches d’abord.",
        "votes with the same yes or no / votes in which both said yes or no",
        "votes avec le même oui ou non / votes où les deux ont dit oui ou non",
        *_SHARE,
        *_SOURCE,
        "With few common votes the share says little: see the column votes. The column party is the last one.",
        "Avec peu de votes communs, la part dit peu : voir la colonne votes. La colonne party est le dernier parti.",
        sql.AGREEMENT,
        (*_FILTERS, "member"),
        ("member",),
    ),
    Indicator(
        "agreement-matrix",
        "Agreement between the members of a party",
        "Accord entre les membres d’un parti",
        "How often each two members of a party said the same.",
        "Combien de fois chaque paire de membres d’un parti a dit la même chose.",
        "votes with the same yes or no / votes in which both said yes or no, for the party of that day",
        "votes avec le même oui ou non / votes où les deux ont dit oui ou non, pour le parti du jour",
        *_SHARE,
        *_SOURCE,
        "Each pair stands once; with few common votes the share says little: see the column votes.",
        "Chaque paire figure une fois ; avec peu de votes communs, la part dit peu : voir la colonne votes.",
        sql.AGREEMENT_MATRIX,
        (*_FILTERS, "party"),
        ("party",),
    ),
    Indicator(
        "party-agreement",
        "Agreement between parties",
        "Accord entre partis",
        "How often the lines of two parties were the same.",
        "Combien de fois les lignes de deux partis étaient les mêmes.",
        "votes with equal lines / votes in which both parties had a line",
        "votes à lignes égales / votes où les deux partis avaient une ligne",
        *_SHARE,
        *_SOURCE,
        "Says nothing of how divided a party was behind its line; independents have none.",
        "Ne dit rien des divisions d’un parti derrière sa ligne ; les indépendants n’en ont pas.",
        sql.PARTY_AGREEMENT,
        _FILTERS,
    ),
)
