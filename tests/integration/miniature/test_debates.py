"""Debates, evidence and bill texts as the miniature renders them, beside the recorded ones."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from services.miniature.facts.divisions import totals
from services.miniature.world import World
from tests.unit.miniature.conftest import Fetch

DEBATES = "www.ourcommons.ca/Content/House/451/Debates/{0}/HAN{0}-{1}.XML"
EVIDENCE = "www.ourcommons.ca/Content/Committee/451/INAN/Evidence/EV14190034/INANEV34-{0}.XML"


def nesting(document: bytes) -> set[tuple[str, str]]:
    """Which element stands in which."""
    return {(parent.tag, child.tag) for parent in ET.fromstring(document).iter() for child in parent}


def attributes(document: bytes) -> dict[str, set[frozenset[str]]]:
    """The sets of attributes that each element comes with."""
    found: dict[str, set[frozenset[str]]] = {}
    for element in ET.fromstring(document).iter():
        found.setdefault(element.tag, set()).add(frozenset(element.attrib))
    return found


def paragraphs(document: bytes) -> dict[str, str]:
    return {p.attrib["id"]: "".join(p.itertext()).strip() for p in ET.fromstring(document).iter("ParaText")}


@pytest.mark.parametrize(("number", "letter"), [("120", "E"), ("120", "F"), ("121", "E"), ("121", "F")])
def test_debates_nest_their_elements_as_recorded_debates_do(
    fetch: Fetch, samples: Path, number: str, letter: str
) -> None:
    recorded: set[tuple[str, str]] = set()
    known: dict[str, set[frozenset[str]]] = {}
    for name in ("44-1-200-en.xml", "44-1-196-en.xml", "42-1-2-fr.xml", "41-1-54-fr.xml"):
        sample = (samples / "ourcommons/hansard" / name).read_bytes()
        recorded |= nesting(sample)
        for tag, sets in attributes(sample).items():
            known.setdefault(tag, set()).update(sets)
    rendered = fetch(DEBATES.format(number, letter)).body
    # no recorded French debate holds a division; its number is written as the numbers of questions are
    assert nesting(rendered) - recorded <= {("DivisionNumber", "Sup")}
    for tag, sets in attributes(rendered).items():
        assert sets <= known[tag], tag


def test_a_debate_begins_with_the_recorded_bytes_and_names(fetch: Fetch, samples: Path) -> None:
    recorded = (samples / "ourcommons/hansard/44-1-200-en.xml").read_bytes()
    rendered = fetch(DEBATES.format("121", "E")).body
    assert rendered[:60].partition(b" id=")[0] == recorded[:60].partition(b" id=")[0]
    mine, real = (
        [item.attrib["Name"] for item in ET.fromstring(document).iter("ExtractedItem")]
        for document in (rendered, recorded)
    )
    assert sorted(mine) == sorted(real)


def test_english_and_french_debates_are_paired_by_paragraph_ids(fetch: Fetch) -> None:
    english, french = (paragraphs(fetch(DEBATES.format("121", letter)).body) for letter in "EF")
    assert set(french) < set(english)
    assert len(set(english) - set(french)) == 1
    assert all(english[number] != french[number] for number in french)
    assert not set(english) & set(paragraphs(fetch(DEBATES.format("120", "E")).body))


def test_a_debate_holds_what_a_reader_looks_for(fetch: Fetch, world: World) -> None:
    root = ET.fromstring(fetch(DEBATES.format("121", "E")).body)
    division = root.find(".//Division")
    assert division is not None
    assert division.attrib["DivisionNumber"] == "123"
    recorded = world.find_division(123)
    assert recorded is not None
    counted = [len(kind.findall("Affiliation")) for kind in division.findall("DivisionType")]
    assert tuple(counted) == totals(world.ballots(recorded))
    documents = {d.text: int(d.attrib["DbId"]) for d in root.iter("Document")}
    assert documents == {
        bill.number: bill.bill_id for bill in world.bills if bill.number in ("C-11", "C-222")
    }
    assert root.find(".//WrittenQuestionResponse/ResponseContent/ParaText") is not None
    assert len(root.findall(".//Timestamp")) >= 6
    assert [order.attrib["Rubric"] for order in root.iter("OrderOfBusiness")] == [
        "PrivateMembersBusiness", "StatementsByMembers", "OralQuestionPeriod", "RoutineProceedings", "Divisions",
    ]  # fmt: skip
    assert "Nobody said these words" in "".join(root.itertext())


def test_ids_of_a_debate_are_unique_and_the_same_in_both_languages(fetch: Fetch) -> None:
    ids = []
    for letter in "EF":
        root = ET.fromstring(fetch(DEBATES.format("121", letter)).body)
        ids.append([e.attrib["id"] for e in root.iter() if e.tag in ("Intervention", "SubjectOfBusiness")])
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == len(ids[0])


def test_evidence_nests_its_elements_as_recorded_evidence_does(fetch: Fetch, samples: Path) -> None:
    folder = samples / "ourcommons/committee_evidence"
    recorded = set().union(*(nesting(path.read_bytes()) for path in folder.glob("*.xml")))
    debates = nesting((samples / "ourcommons/hansard/44-1-200-en.xml").read_bytes())
    rendered = fetch(EVIDENCE.format("E")).body
    assert nesting(rendered) - recorded - debates == set()
    assert rendered.count(b"\r\n") == rendered.count(b"\n")
    sample = ET.fromstring((folder / "12324877-en.xml").read_bytes())
    names = [item.attrib["Name"] for item in ET.fromstring(rendered).iter("ExtractedItem")]
    assert names == [item.attrib["Name"] for item in sample.iter("ExtractedItem")]


def test_english_and_french_evidence_are_paired(fetch: Fetch) -> None:
    english, french = (paragraphs(fetch(EVIDENCE.format(letter)).body) for letter in "EF")
    assert set(english) == set(french)
    assert len(english) > 8


@pytest.mark.parametrize("letter", ["E", "F"])
@pytest.mark.parametrize(
    "path", ["Private/C-202/C-202_4/C-202", "Government/C-11/C-11_1/C-11", "Government/S-2/S-2_1/S-2"]
)
def test_bill_texts_nest_their_elements_as_recorded_texts_do(
    fetch: Fetch, samples: Path, path: str, letter: str
) -> None:
    folder = samples / "legisinfo/bill_text_xml"
    recorded = set().union(*(nesting(sample.read_bytes()) for sample in folder.glob("45-1_*.xml")))
    rendered = fetch(f"www.parl.ca/Content/Bills/451/{path}_{letter}.xml").body
    assert nesting(rendered) - recorded == set()
    root = ET.fromstring(rendered)
    assert [child.tag for child in root] == ["Identification", "Introduction", "Body"]
    assert root.find(".//Summary//Text") is not None
    assert root.findall("./Body//Section")


def test_the_text_of_c_202_says_what_the_recorded_act_says(fetch: Fetch, samples: Path) -> None:
    recorded = ET.parse(samples / "legisinfo/bill_text_xml/45-1_C-202.xml").getroot()
    rendered = ET.fromstring(fetch("www.parl.ca/Content/Bills/451/Private/C-202/C-202_4/C-202_E.xml").body)
    for path in (
        ".//LongTitle",
        ".//Summary/Provision/Text",
        "./Body/Section/Text",
        ".//Enacts/Provision/Text",
    ):
        mine, real = rendered.find(path), recorded.find(path)
        assert mine is not None
        assert real is not None
        assert "".join(mine.itertext()) == "".join(real.itertext())


def test_a_cover_page_has_no_body(fetch: Fetch, samples: Path) -> None:
    recorded = (samples / "legisinfo/bill_text_xml/38-1_C-38_civican.xml").read_bytes()
    rendered = fetch("www.parl.ca/Content/Bills/381/Government/C-38/C-38_4/C-38_E.xml").body
    assert [child.tag for child in ET.fromstring(rendered)] == [
        child.tag for child in ET.fromstring(recorded)
    ]
    assert nesting(rendered) - nesting(recorded) == set()


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("www.ourcommons.ca/DocumentViewer/en/45-1/house/sitting-121/hansard", "www.ourcommons.ca"),
        ("www.ourcommons.ca/DocumentViewer/fr/45-1/INAN/reunion-34/temoignages", "www.ourcommons.ca"),
        ("www.parl.ca/DocumentViewer/fr/45-1/bill/C-11/first-reading", "www.parl.ca"),
        ("www.parl.ca/DocumentViewer/en/45-1/bill/C-202", "www.parl.ca"),
    ],
)
def test_the_viewer_links_to_an_xml_that_is_there(fetch: Fetch, address: str, target: str) -> None:
    page = fetch(address).body.decode()
    path = page.partition('class="btn btn-export-xml hidden-xs" href="')[2].partition('"')[0]
    assert path
    assert fetch(f"{target}{path}").status == 200
