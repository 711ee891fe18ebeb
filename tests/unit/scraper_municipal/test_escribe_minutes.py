"""Motions and recorded votes in the minutes of eSCRIBE, in either language and however names are listed."""

from __future__ import annotations

import pytest

OTTAWA = "https://pub-ottawa.escribemeetings.com/"
MINUTES = """<html><head><title>City Council - May 01, 2026</title></head><body><article class='Meeting'><section class='Agenda'>
<header class='AgendaHeader'></header><DIV class='AgendaItemContainer'><DIV class='AgendaItem AgendaItem3'>
<DIV class='AgendaItemCounter'>5.1</DIV><DIV class='AgendaItemTitle'><a href='#'>A by-law</a></DIV></DIV>
<UL class='AgendaItemMotions'><LI class='AgendaItemMotion'><DIV class='MovedBy'>Moved by Councillor R. King</DIV>
<DIV class='MotionText'><p>That it pass.</p></DIV><TABLE class='MotionVoters'>
<tr><td class='VoterVote'>For (3)</td><td><DIV class='VotesUsers'>{names}</DIV></td></tr>
<tr><td class='VoterVote'>Against:</td><td><DIV class='VotesUsers'>D. Dee</DIV></td></tr></TABLE>
<DIV class='MotionResult'>Carried (3 to 1)</DIV></LI></UL></DIV></section></article></body></html>"""
MEETING = "Meeting.aspx?Id=5f0c1a52-7d7e-4a5e-9c0a-000000000099&Agenda=PostMinutes"


@pytest.mark.parametrize(
    "names",
    [
        "A. Ay, B. Bee and C. Cee", "A. Ay<br/>B. Bee<br>C. Cee", "<ul><li>A. Ay</li><li>B. Bee</li><li>C. Cee</li></ul>",
        "<b>A. Ay</b>, B. Bee, and C. Cee.", "A. Ay; B. Bee; C. Cee",
    ],
)  # fmt: skip
def test_voters_are_named_however_the_page_lists_them(make_document, parse, names):
    page = MINUTES.format(names=names)
    result = parse(make_document("ca-on-ottawa-meetings", page, f"{OTTAWA}{MEETING}&lang=English"))
    (vote,) = [r for r in result.records if r.kind == "vote_event"]
    assert [(b.name, b.option) for b in vote.ballots] == [
        ("A. Ay", "yes"), ("B. Bee", "yes"), ("C. Cee", "yes"), ("D. Dee", "no")
    ]  # fmt: skip
    assert {c.option: c.value for c in vote.counts} == {"yes": 3, "no": 1}
    meeting = next(r for r in result.records if r.kind == "event")
    assert meeting.agenda[0].motions[0].mover == "Councillor R. King"


def test_voters_in_a_cell_without_a_mark_are_named(make_document, parse):
    page = MINUTES.replace("<DIV class='VotesUsers'>{names}</DIV>", "Mayor A. Ay, B. Bee,  and C. Cee")
    page = page.replace("For (3)", "Yeas:  (3)").replace("<DIV class='VotesUsers'>D. Dee</DIV>", "D. Dee")
    result = parse(make_document("ca-on-ottawa-meetings", page, f"{OTTAWA}{MEETING}&lang=English"))
    (vote,) = [r for r in result.records if r.kind == "vote_event"]
    assert [(b.name, b.option) for b in vote.ballots] == [
        ("Mayor A. Ay", "yes"), ("B. Bee", "yes"), ("C. Cee", "yes"), ("D. Dee", "no")
    ]  # fmt: skip


def test_a_french_page_alone_fills_the_french_half(make_document, parse):
    page = (
        MINUTES.format(names="A. Ay").replace("A by-law", "Un règlement").replace("That it pass.", "Adopter.")
    )
    result = parse(make_document("ca-on-ottawa-meetings", page, f"{OTTAWA}{MEETING}&lang=French"))
    meeting = next(r for r in result.records if r.kind == "event")
    (item,) = meeting.agenda
    assert (item.title_en, item.title_fr, item.number) == ("", "Un règlement", "5.1")
    assert (item.motions[0].text_en, item.motions[0].text_fr) == ("", "Adopter.")
    (vote,) = [r for r in result.records if r.kind == "vote_event"]
    assert (vote.subject_fr, vote.motion_fr) == ("Un règlement", "Adopter.")
    assert vote.ballots
