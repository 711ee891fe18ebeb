"""The indicators: each with its definition, formula, unit, source and caveat in both languages."""

from __future__ import annotations

from dataclasses import dataclass

from hubs.intelligence_hub.analytics import repository as sql

_VOTES = "data_hub: recorded votes and their ballots, each with its source"
_BILLS = "data_hub: bills and their stages, each with its source"


@dataclass(frozen=True)
class Indicator:
    """One thing that is counted."""

    name: str
    title_en: str
    title_fr: str
    definition_en: str
    definition_fr: str
    formula: str
    unit: str
    source: str
    caveat_en: str
    caveat_fr: str
    statement: str
    parameters: tuple[str, ...]
    required: tuple[str, ...] = ()


_FILTERS = ("session", "organization")
INDICATORS: dict[str, Indicator] = {
    each.name: each
    for each in (
        Indicator(
            "party-unity",
            "Party unity",
            "Cohésion des partis",
            "How close to one voice a party's members vote: the mean over votes of the larger side's share.",
            "À quel point les membres d’un parti votent d’une seule voix : moyenne sur les votes de la part du "
            "camp majoritaire.",
            "mean over votes of max(yes, no) / (yes + no), ballots of the party's members on that day",
            "share from 0.5 to 1",
            _VOTES,
            "Votes on which no member of the party said yes or no do not count; a party of one is always united.",
            "Les votes sans oui ni non du parti ne comptent pas ; un parti d’un seul membre est toujours uni.",
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
            "ballots; share",
            _VOTES,
            "The line is what most did, not an instruction that anybody gave.",
            "La ligne est ce que la plupart ont fait, non une consigne donnée.",
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
            "share from 0 to 1",
            _VOTES,
            "Free votes count like others; see vote-unity for the votes concerned.",
            "Les votes libres comptent comme les autres ; voir vote-unity pour les votes en cause.",
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
            "share from 0 to 1",
            _VOTES,
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
            "share from 0 to 1",
            _VOTES,
            "With few common votes the share says little: see the column votes.",
            "Avec peu de votes communs, la part dit peu : voir la colonne votes.",
            sql.AGREEMENT,
            (*_FILTERS, "member"),
            ("member",),
        ),
        Indicator(
            "party-agreement",
            "Agreement between parties",
            "Accord entre partis",
            "How often the lines of two parties were the same.",
            "Combien de fois les lignes de deux partis étaient les mêmes.",
            "votes with equal lines / votes in which both parties had a line",
            "share from 0 to 1",
            _VOTES,
            "Says nothing of how divided a party was behind its line.",
            "Ne dit rien des divisions d’un parti derrière sa ligne.",
            sql.PARTY_AGREEMENT,
            _FILTERS,
        ),
        Indicator(
            "bills-by-status",
            "Bills by status",
            "Projets de loi par état",
            "How many bills stand where.",
            "Combien de projets de loi en sont où.",
            "count of bills per status",
            "bills",
            _BILLS,
            "The status is the Parliament's own word on the day it was last read.",
            "L’état est le mot du Parlement au jour de la dernière lecture.",
            sql.BILL_STATUS,
            ("session",),
        ),
        Indicator(
            "bill-velocity",
            "Days to each stage",
            "Jours jusqu’à chaque étape",
            "How many days after its introduction a bill reached each stage.",
            "Combien de jours après son dépôt un projet de loi a atteint chaque étape.",
            "date of the stage - date of introduction",
            "days",
            _BILLS,
            "Bills that have not reached a stage are missing there: do not average without them.",
            "Les projets qui n’ont pas atteint une étape y manquent : ne pas moyenner sans eux.",
            sql.BILL_VELOCITY,
            ("session",),
        ),
        Indicator(
            "bill-outcome",
            "What becomes of bills",
            "Le sort des projets de loi",
            "How many government and other bills became law, and the median time that took.",
            "Combien de projets du gouvernement et d’autres sont devenus lois, et le délai médian.",
            "bills with royal assent / bills introduced; median of royal assent - introduction",
            "share; days",
            _BILLS,
            "In a session under way, what has not become law may still do so.",
            "Dans une session en cours, ce qui n’est pas loi peut encore le devenir.",
            sql.BILL_OUTCOME,
            ("session",),
        ),
        Indicator(
            "sponsorship",
            "Bills sponsored",
            "Projets de loi parrainés",
            "How many bills each sponsor introduced, and how many became law.",
            "Combien de projets chaque parrain a déposés, et combien sont devenus lois.",
            "count of bills per first sponsor",
            "bills",
            _BILLS,
            "Ministers sponsor bills of the government, not their own.",
            "Les ministres parrainent des projets du gouvernement, non les leurs.",
            sql.SPONSORSHIP,
            ("session",),
        ),
    )
}
