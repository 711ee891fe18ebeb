"""Senators, the Senate's votes, candidates of a general election."""

from __future__ import annotations

from collections import Counter

import pytest

from services.scraper.parsers.base import ParseFailed

SENATORS, VOTES, CANDIDATES = "ca-senate-members", "ca-senate-votes", "ca-candidates"
HEADER = (
    "Province,Electoral District Name/Nom de circonscription,Electoral District Number/Numéro de circonscription,"
    "Candidate/Candidat,Candidate Residence/Résidence du candidat,"
    "Candidate Occupation/Profession du candidat,Votes Obtained/Votes obtenus,"
    "Percentage of Votes Obtained /Pourcentage des votes obtenus,Majority/Majorité,"
    "Majority Percentage/Pourcentage de majorité\r\n"
)


def test_senators_sit_in_groups_that_have_two_names(crawl):
    crawled = crawl(SENATORS)
    people = {person.key: person for person in crawled.of("person")}
    seats = crawled.of("membership")
    assert len(people) == len(seats) == 17
    assert all(seat.person_key in people and seat.start_date for seat in seats)
    groups = {body.name_en: body for body in crawled.of("organization") if "/group/" in body.key}
    assert groups["Independent Senators Group"].name_fr == "Groupe des sénateurs indépendants"
    assert groups["Independent Senators Group"].abbreviation == "ISG"


def test_a_vote_of_the_senate_has_every_ballot_and_agrees_with_its_counts(crawl):
    crawled = crawl(VOTES)
    votes = crawled.of("vote_event")
    assert len(votes) == 4
    for vote in votes:
        cast = Counter(ballot.option for ballot in vote.ballots)
        assert {count.option: count.value for count in vote.counts} == {
            option: cast[option] for option in ("yes", "no", "abstain")
        }
        assert vote.subject_en
        assert vote.subject_fr
        assert vote.result in {"pass", "fail"}
    assert any(vote.bill_key for vote in votes)
    assert not crawled.problems


def test_counts_that_disagree_with_the_ballots_are_reported(rendered, parse, make_document):
    listing = rendered(VOTES, "https://sencanada.ca/en/in-the-chamber/votes/45-1", session="45-1")
    fetch = parse(listing).follow[0]
    page = rendered(VOTES, fetch.url)
    wrong = {**fetch.context, "yes": fetch.context["yes"] + 1}
    result = parse(make_document(VOTES, page.body, fetch.url, context=wrong))
    assert [problem.code for problem in result.problems] == ["ballots-disagree"]


def test_a_table_of_another_session_is_refused(rendered, parse):
    listing = rendered(VOTES, "https://sencanada.ca/en/in-the-chamber/votes/45-1", session="44-1")
    with pytest.raises(ParseFailed) as failure:
        parse(listing)
    assert failure.value.code == "unknown-session"


def test_a_vote_page_read_alone_says_what_it_can(rendered, parse):
    listing = parse(rendered(VOTES, "https://sencanada.ca/en/in-the-chamber/votes/45-1"))
    for fetch in listing.follow:
        (alone,) = parse(rendered(VOTES, fetch.url)).records
        (listed,) = fetch.otherwise
        assert (alone.key, alone.date, alone.counts) == (listed.key, listed.date, listed.counts)


FRENCH_LIST = """<table id="votes-table"><tbody><tr><td class="vote-centered"><a href="/j">2025-06-18</a></td>
<td><a href="/fr/dans-la-chambre/votes/details/602799/45-1">Loi d&#x27;essai &#x2013; C-3 &#x2013; Troisi&#xE8;me lecture</a><br />
Pour: 58 <text>|</text> Contre: 9 <text>|</text> Abstention: 1 <text>|</text> Total: 68</td>
<td><a href="http://www.parl.ca/LEGISInfo">C-3</a></td><td> Adopt&#xE9; </td></tr></tbody></table>"""


def test_a_french_list_read_alone_fills_the_french_half(make_document, parse):
    listing = make_document(VOTES, FRENCH_LIST.encode(), "https://sencanada.ca/fr/dans-la-chambre/votes/45-1")
    (fetch,) = parse(listing).follow
    (vote,) = fetch.otherwise
    assert (vote.subject_en, vote.subject_fr) == ("", "Loi d'essai – C-3 – Troisième lecture")
    assert (vote.result, vote.result_text_en, vote.result_text_fr) == ("pass", "", "Adopté")
    assert {count.option: count.value for count in vote.counts} == {"yes": 58, "no": 9, "abstain": 1}


def test_candidates_are_taken_apart_from_their_parties(crawl):
    crawled = crawl(CANDIDATES)
    found = {candidacy.name: candidacy for candidacy in crawled.of("candidacy")}
    assert len(found) == 13
    winner = found["Mark Carney"]
    assert (winner.party_en, winner.party_fr, winner.is_elected) == ("Liberal", "Libéral", True)
    assert (winner.votes, winner.division_id) == (45991, "ocd-division/country:ca/ed:35067")
    assert Counter(c.is_elected for c in found.values())[True] == 4


@pytest.mark.parametrize(
    ("candidate", "expected"),
    [
        ("Jane Doe ** Liberal/Libéral", ("Jane Doe", "Liberal", "Libéral", True)),
        (
            "Ann-Marie O'Neil Bloc Québécois/Bloc Québécois",
            ("Ann-Marie O'Neil", "Bloc Québécois", "Bloc Québécois", False),
        ),
        (
            "Lee Green Green Party/Parti Vert",
            ("Lee Green", "Green Party", "Parti Vert", False),
        ),
        (
            "Max B People's Party - PPC/Parti populaire - PPC",
            ("Max B", "People's Party - PPC", "Parti populaire - PPC", False),
        ),
        (
            "Ada Lovelace NDP-New Democratic Party/NPD-Nouveau Parti démocratique",
            ("Ada Lovelace", "NDP-New Democratic Party", "NPD-Nouveau Parti démocratique", False),
        ),
        (
            "Jo Roy Forces et Démocratie - Pour nos régions/Forces et Démocratie - Pour nos régions",
            (
                "Jo Roy",
                "Forces et Démocratie - Pour nos régions",
                "Forces et Démocratie - Pour nos régions",
                False,
            ),
        ),
        (
            "Al Fox Animal Alliance/Environment Voters/Animal Alliance/Environment Voters",
            ("Al Fox", "Animal Alliance/Environment Voters", "Animal Alliance/Environment Voters", False),
        ),
        ("Di Lee United Party/Parti Uni", ("Di Lee", "United Party", "Parti Uni", False)),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252"])
def test_a_candidate_in_any_encoding(make_document, parse, candidate, expected, encoding):
    row = f'Ontario,"Nepean/Nepean",35067,"{candidate}",Ottawa,Engineer/Ingénieur,10,1.5,,\r\n'
    result = parse(make_document(CANDIDATES, (HEADER + row).encode(encoding)))
    (one,) = [record for record in result.records if record.kind == "candidacy"]
    assert (one.name, one.party_en, one.party_fr, one.is_incumbent) == expected


def test_an_unknown_party_is_reported_and_the_candidate_kept(make_document, parse):
    row = 'Ontario,Nepean,35067,"Jane Doe Party of Tomorrow/Parti de demain",Ottawa,,10,1.5,,\r\n'
    result = parse(make_document(CANDIDATES, (HEADER + row).encode()))
    assert [problem.code for problem in result.problems] == ["unknown-party"]
    assert len(result.records) == 2


def test_a_new_party_is_what_its_candidates_have_in_common(make_document, parse):
    rows = "".join(
        f'Ontario,Nepean,35067,"{name} Party of Tomorrow/Parti de demain",Ottawa,,10,1.5,,\r\n'
        for name in ("Jane Doe", "John A. Doe")
    )
    result = parse(make_document(CANDIDATES, (HEADER + rows).encode()))
    found = [(c.name, c.party_en, c.party_fr) for c in result.records if c.kind == "candidacy"]
    assert found == [
        ("Jane Doe", "Party of Tomorrow", "Parti de demain"),
        ("John A. Doe", "Party of Tomorrow", "Parti de demain"),
    ]
    assert result.problems == []


def test_a_header_without_its_accents_names_the_same_columns(make_document, parse):
    row = (
        'Ontario,"Bay--Cape/Baie--Cap",35067,"Jane Doe ** Liberal/Libéral",Ottawa, X,10,1.5,     7,  38.1\r\n'
    )
    plain = HEADER.replace("é", "e").replace(" /P", "/P")
    known, bare = (
        [
            record.model_copy(update={"sources": ()})
            for record in parse(make_document(CANDIDATES, (head + row).encode())).records
        ]
        for head in (HEADER, plain)
    )
    assert known == bare
    (winner,) = known[1:]
    assert (winner.is_elected, winner.votes, winner.vote_share, winner.residence) == (True, 10, 1.5, "Ottawa")
    assert (winner.division_name_en, winner.division_name_fr) == ("Bay—Cape", "Baie—Cap")
