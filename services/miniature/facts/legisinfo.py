"""The code tables of LEGISinfo: statuses, stages, events, document types, committees, publications, sittings.

Ids are LEGISinfo's own where a recorded document shows them; the statuses 354, 360, 361, 362 and 363, the
event 60119 and the committee BANC are numbered by us.
"""

from dataclasses import dataclass

HOUSE, SENATE = 1, 2
CHAMBERS: dict[int, tuple[str, str]] = {
    HOUSE: ("House of Commons", "Chambre des communes"),
    SENATE: ("Senate", "Sénat"),
}


@dataclass(frozen=True, slots=True)
class Status:
    """A bill's status: LEGISinfo's id and names, the latest completed major stage and the ongoing stage."""

    status_id: int
    en: str
    fr: str
    major: int
    ongoing: int
    chamber: int


FIRST, SECOND, THIRD, REPORT, COMMITTEE, ROYAL = 60029, 60030, 60031, 60032, 60049, 60050
STAGES: dict[int, tuple[str, str]] = {
    FIRST: ("First reading", "Première lecture"),
    SECOND: ("Second reading", "Deuxième lecture"),
    THIRD: ("Third reading", "Troisième lecture"),
    REPORT: ("Report stage", "Étape du rapport"),
    COMMITTEE: ("Consideration in committee", "Examen en comité"),
    ROYAL: ("Royal assent", "Sanction royale"),
}
MAJOR_STAGES: dict[int, tuple[str, str]] = {
    60043: STAGES[FIRST],
    60044: STAGES[SECOND],
    60045: STAGES[THIRD],
    60046: STAGES[ROYAL],
}
STATUSES: dict[str, Status] = {
    "senate_second_reading": Status(
        343, "At second reading in the Senate", "À la deuxième lecture au Sénat", 60043, SECOND, SENATE
    ),
    "senate_committee": Status(
        344,
        "At consideration in committee in the Senate",
        "À l'examen en comité au Sénat",
        60044,
        COMMITTEE,
        SENATE,
    ),
    "senate_third_reading": Status(
        346, "At third reading in the Senate", "À la troisième lecture au Sénat", 60044, THIRD, SENATE
    ),
    "house_second_reading": Status(
        349,
        "At second reading in the House of Commons",
        "À la deuxième lecture à la Chambre des communes",
        60043,
        SECOND,
        HOUSE,
    ),
    "house_committee": Status(
        352,
        "At consideration in committee in the House of Commons",
        "À l'examen en comité à la Chambre des communes",
        60044,
        COMMITTEE,
        HOUSE,
    ),
    "house_report": Status(
        353,
        "At report stage in the House of Commons",
        "À l'étape du rapport à la Chambre des communes",
        60044,
        COMMITTEE,
        HOUSE,
    ),
    "house_third_reading": Status(
        354,
        "At third reading in the House of Commons",
        "À l'étape de la troisième lecture à la Chambre des communes",
        60044,
        THIRD,
        HOUSE,
    ),
    "royal_assent": Status(357, "Royal assent received", "Sanction royale reçue", 60046, ROYAL, SENATE),
    "pro_forma": Status(
        359, "Introduced as pro forma bill", "Présenté en tant que projet de loi pro forma", 60043, FIRST, 0
    ),
    "outside_precedence": Status(
        360,
        "Outside the Order of Precedence",
        "Ne fait pas partie de l'Ordre de priorité",
        60043,
        SECOND,
        HOUSE,
    ),
    "defeated": Status(361, "Bill defeated", "Projet de loi rejeté", 60043, SECOND, HOUSE),
    "awaiting_senate": Status(
        362,
        "House of Commons bill awaiting first reading in the Senate",
        "Projet de loi de la Chambre des communes en attente de la première lecture au Sénat",
        60045,
        FIRST,
        HOUSE,
    ),
    "awaiting_house": Status(
        363,
        "Senate bill awaiting first reading in the House of Commons",
        "Projet de loi du Sénat en attente de la première lecture à la Chambre des communes",
        60045,
        FIRST,
        SENATE,
    ),
}

# latest activity: event type id, English, French, stage
EVENTS: dict[str, tuple[int, str, str, int]] = {
    "introduced": (60110, "Introduction and first reading", "Dépôt et première lecture", FIRST),
    "first_reading": (60111, "First reading", "Première lecture", FIRST),
    "precedence": (60112, "Placed in the Order of Precedence", "Ajouté à l'Ordre de priorité", SECOND),
    "debate_second_reading": (
        60115,
        "Debate at second reading",
        "Débat à l’étape de la deuxième lecture",
        SECOND,
    ),
    "defeated_second_reading": (
        60119,
        "Bill defeated at second reading",
        "Rejet du projet de loi à l’étape de la deuxième lecture",
        SECOND,
    ),
    "second_reading": (60120, "Second reading", "Deuxième lecture", SECOND),
    "second_reading_referred": (
        60121,
        "Second reading and referral to committee",
        "Deuxième lecture et renvoi en comité",
        SECOND,
    ),
    "referral": (60123, "Referral to committee", "Renvoi en comité", SECOND),
    "committee_report": (60124, "Committee report presented", "Présentation du rapport de comité", COMMITTEE),
    "committee_report_amended": (
        60124,
        "Committee report presented with amendments",
        "Présentation du rapport de comité avec des amendements",
        COMMITTEE,
    ),
    "debate_third_reading": (
        60131,
        "Debate at third reading",
        "Débat à l’étape de la troisième lecture",
        THIRD,
    ),
    "third_reading": (60134, "Third reading", "Troisième lecture", THIRD),
    "RA": (60149, "Royal assent", "Sanction royale", ROYAL),
}

# document type id, English, French, from the government
KINDS: dict[str, tuple[int, str, str, bool]] = {
    "house_government": (3, "House Government Bill", "Projet de loi émanant du gouvernement (Cdc)", True),
    "private_member": (4, "Private Member’s Bill", "Projet de loi émanant d'un député", False),
    "senate_government": (
        80759,
        "Senate Government Bill",
        "Projet de loi émanant du gouvernement (Sénat)",
        True,
    ),
    "senate_public": (80760, "Senate Public Bill", "Projet de loi d'intérêt public du Sénat", False),
    "senate_private": (80761, "Senate Private Bill", "Projet de loi d'intérêt privé (Sénat)", False),
}

PUBLICATIONS: dict[int, tuple[str, str]] = {
    80701: ("First Reading", "Première lecture"),
    80702: ("As amended by committee", "Tel que modifié par le comité"),
    80703: ("As passed by the {en}", "Tel qu’adopté par {fr}"),
    80704: ("Royal Assent", "Royal Assent"),
}

# organization id, English, French, study activity id
COMMITTEES: dict[str, tuple[int, str, str, int | None]] = {
    "FINA": (30562, "Standing Committee on Finance", "Comité permanent des finances", 13098152),
    "HUMA": (
        30565,
        (
            "Standing Committee on Human Resources, Skills and Social Development"
            " and the Status of Persons with Disabilities"
        ),
        (
            "Comité permanent des ressources humaines, du développement des compétences,"
            " du développement social et de la condition des personnes handicapées"
        ),
        13341353,
    ),
    "INAN": (
        30566,
        "Standing Committee on Indigenous and Northern Affairs",
        "Comité permanent des affaires autochtones et du Nord",
        13386654,
    ),
    "NDDN": (
        30571,
        "Standing Committee on National Defence",
        "Comité permanent de la défense nationale",
        13186084,
    ),
    "SECU": (
        30576,
        "Standing Committee on Public Safety and National Security",
        "Comité permanent de la sécurité publique et nationale",
        13202556,
    ),
    "TRAN": (
        30578,
        "Standing Committee on Transport, Infrastructure and Communities",
        "Comité permanent des transports, de l'infrastructure et des collectivités",
        13100297,
    ),
    "WHOL": (30582, "Committee of the Whole", "comité plénier", None),
    "SECD": (
        16087,
        "Standing Senate Committee on National Security, Defence and Veterans Affairs",
        "Comité sénatorial permanent de la sécurité nationale, de la défense et des anciens combattants",
        None,
    ),
    "APPA": (
        16093,
        "Standing Senate Committee on Indigenous Peoples",
        "Comité sénatorial permanent des peuples autochtones",
        None,
    ),
    "BANC": (
        16094,
        "Standing Senate Committee on Banking, Commerce and the Economy",
        "Comité sénatorial permanent des banques, du commerce et de l’économie",
        None,
    ),
    "NFFN": (
        16101,
        "Standing Senate Committee on National Finance",
        "Comité sénatorial permanent des finances nationales",
        None,
    ),
    "SOCI": (
        16104,
        "Standing Senate Committee on Social Affairs, Science and Technology",
        "Comité sénatorial permanent des affaires sociales, des sciences et de la technologie",
        None,
    ),
}

# sitting number by chamber and day
# fmt: off
SITTINGS: dict[int, dict[str, int]] = {
    HOUSE: {
        "2025-05-27": 2, "2025-05-29": 4, "2025-06-03": 7, "2025-06-05": 9, "2025-06-06": 10,
        "2025-06-12": 14, "2025-06-16": 16, "2025-06-18": 18, "2025-06-19": 19, "2025-06-20": 20,
        "2025-09-17": 23, "2025-09-18": 24, "2025-09-19": 25, "2025-09-22": 26, "2025-09-26": 30,
        "2025-10-02": 32, "2025-10-03": 33, "2025-10-08": 36, "2025-10-10": 38, "2025-10-22": 41,
        "2025-10-23": 42, "2025-10-29": 46, "2025-11-05": 51, "2025-11-19": 56, "2025-11-28": 63,
        "2025-12-10": 71, "2025-12-11": 72, "2026-02-04": 79, "2026-02-09": 82, "2026-02-27": 91,
        "2026-03-11": 94, "2026-03-12": 95, "2026-03-26": 100, "2026-04-22": 108, "2026-04-29": 113,
        "2026-04-30": 114, "2026-05-05": 117, "2026-05-07": 119, "2026-05-25": 121,
    },
    SENATE: {
        "2025-05-27": 2, "2025-05-28": 3, "2025-05-29": 4, "2025-06-03": 5, "2025-06-10": 8,
        "2025-06-11": 9, "2025-06-12": 10, "2025-06-17": 12, "2025-06-25": 15, "2025-06-26": 16,
        "2025-10-02": 21, "2025-10-28": 28, "2025-11-06": 33, "2025-11-19": 35, "2025-11-20": 36,
        "2025-11-25": 37, "2025-11-27": 39, "2025-12-02": 40, "2025-12-04": 42, "2025-12-11": 45,
        "2026-02-05": 48, "2026-02-24": 52, "2026-02-25": 53, "2026-02-26": 54, "2026-03-10": 56,
        "2026-03-11": 57, "2026-03-12": 58, "2026-03-26": 61, "2026-04-15": 63, "2026-04-23": 67,
        "2026-05-26": 74, "2026-05-28": 76,
    },
}
# fmt: on
