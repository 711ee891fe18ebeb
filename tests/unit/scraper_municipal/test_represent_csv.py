"""Lists in the Represent schema: every rule of rows, headers, encodings and containers."""

from __future__ import annotations

import io
import zipfile

import openpyxl
import pytest

from services.scraper.parsers.base import MAX_DOCUMENT_BYTES, ParseFailed

ENGLISH = "District name,District ID,Primary role,First name,Last name,Gender,Party name,Email,Phone,Fax,Cell"
FRENCH = "Nom du district;Identifiant du district;Rôle;Prénom;Nom;Genre;Nom du parti;Courriel;Téléphone"


@pytest.fixture
def read_list(make_document, parse):
    def run(body, **parameters):
        return parse(make_document("example-people", body, step="represent_csv", parameters=parameters))

    return run


def one(result, kind):
    (record,) = [r for r in result.records if r.kind == kind]
    return record


def test_english_and_french_lists_of_the_same_people_give_the_same_people(read_list):
    english = f"{ENGLISH}\nWard 1,,Councillor,Ana,Li,F,Blue,ana@x.ca,613-555-0101,,\n"
    french = f"{FRENCH}\nWard 1;;Councillor;Ana;Li;F;Blue;ana@x.ca;613-555-0101\n"
    assert [r.facts() for r in read_list(english).records] == [r.facts() for r in read_list(french).records]


def test_underscores_capitals_and_typographic_apostrophes_in_headers_do_not_matter(read_list):
    result = read_list(
        "DISTRICT_NAME,PRIMARY_ROLE,NAME,PHOTO_URL\nWard 1,Mayor,Ana Li,https://x.ca/ana.jpg\n"
    )
    assert one(result, "person").image == "https://x.ca/ana.jpg"
    result = read_list("Nom,Prénom,URL d’une photo\nLi,Ana,https://x.ca/ana.jpg\n")
    assert one(result, "person").image == "https://x.ca/ana.jpg"


@pytest.mark.parametrize(
    "cell", ['"Conseiller et président"', '"Conseiller; président"', '"Conseiller\nprésident"']
)
def test_of_several_roles_in_a_cell_the_first_counts(read_list, cell):
    result = read_list(f"Nom du district,Rôle,Prénom,Nom\nA,{cell},Luc,Roy\n")
    membership = one(result, "membership")
    assert (membership.role_fr, membership.role_en) == ("Conseiller", "Councillor")


def test_en_dashes_in_districts_become_em_dashes(read_list):
    assert one(read_list("District name,Name\nA–B,Ana Li\n"), "membership").area == "A—B"


def test_the_last_line_of_an_email_cell_and_the_first_number_of_a_phone_cell_count(read_list):
    result = read_list('Name,Email,Phone\nAna Li,"old@x.ca\nnew@x.ca",613 555-0101; 613 555-0102\n')
    contacts = {contact.type: contact.value for contact in one(result, "person").contacts}
    assert contacts == {"email": "new@x.ca", "voice": "613-555-0101"}


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("DE COTIS", "De Cotis"), ("O'BRIEN", "O'Brien"), ("ST-PIERRE", "St-Pierre"), ("MCDONALD", "McDonald"),
        ("DESMEULES", "Desmeules"), ("ÉMOND", "Émond"), ("Li", "Li"), ("LeBlanc", "LeBlanc"), ("NG", "Ng"),
        ("D'AMOURS-ROY", "D'Amours-Roy"),
    ],
)  # fmt: skip
def test_surnames_in_capitals_are_written_as_names(read_list, given, name):
    assert one(read_list(f"First name,Last name\nA,{given}\n"), "person").family_name == name


def test_a_seven_digit_district_is_a_census_subdivision_and_its_boundary(read_list):
    result = read_list("District name,District ID,Primary role,Name\nKitchener,3530013,Mayor,Ana Li\n")
    assert one(result, "post").division_id == "ocd-division/country:ca/csd:3530013"
    assert "https://represent.opennorth.ca/boundaries/census-subdivisions/3530013/" in {
        link.url for link in one(result, "person").links
    }


@pytest.mark.parametrize("word", ["Vacant", "VACANT", "vacante", "Poste vacant"])
def test_a_vacant_seat_is_kept_as_a_vacant_post(read_list, word):
    result = read_list(
        f"District name,Primary role,Name\nWard 1,Councillor,Ana Li\nWard 2,Councillor,{word}\n"
    )
    posts = {r.division_name: r.is_vacant for r in result.records if r.kind == "post"}
    assert posts == {"Ward 1": False, "Ward 2": True}
    assert one(result, "membership").area == "Ward 1"
    assert result.skipped == {"vacant": 1}


def test_empty_rows_are_left_out_and_counted(read_list):
    result = read_list("District name,Name\nWard 1,Ana Li\n,\n , \n")
    assert result.skipped == {"empty row": 2}


def test_several_seats_of_one_area_are_numbered_and_unique_roles_are_not(read_list):
    rows = "Town,Mayor,Ana Li\nTown,Councillor,Bo Ek\nTown,Councillor,Cy Fu\n"
    for parameters in ({}, {"many_posts_per_area": True}):
        result = read_list(f"District name,Primary role,Name\n{rows}", **parameters)
        assert {r.division_name for r in result.records if r.kind == "post"} == {
            "Town", "Town (seat 1)", "Town (seat 2)"
        }  # fmt: skip
    named = read_list(
        "District name,Primary role,Name\nTown,Chair,Ana Li\n",
        many_posts_per_area=True,
        unique_roles=["Chair"],
    )
    assert one(named, "post").division_name == "Town"


def test_one_name_in_two_seats_is_one_person_and_namesakes_are_told_apart_when_the_registry_says_so(
    read_list,
):
    rows = "District name,Primary role,Name,Email\nA,Mayor,Ana Li,a@x.ca\nB,Councillor,Ana Li,b@x.ca\n"
    assert len([r for r in read_list(rows).records if r.kind == "person"]) == 1
    keys = [r.key for r in read_list(rows, namesakes=["Ana Li"]).records if r.kind == "person"]
    assert keys == ["example-town/person/ana-li-a", "example-town/person/ana-li-b"]


def test_the_same_row_twice_is_one_seat(read_list):
    result = read_list("District name,Primary role,Name\nA,Councillor,Ana Li\nA,Councillor,Ana Li\n")
    assert one(result, "membership").area == "A"
    assert result.skipped == {"repeated row": 1}


def test_addresses_and_numbers_carry_the_note_legislature_and_repeated_columns_their_own(read_list):
    result = read_list(
        "Name,Address line 1,Locality,Province,Postal code,Phone,Phone (home),Fax,Cell\n"
        "Ana Li,1 Main St,Town,ON,K0K 0K0,613-555-0101,613-555-0102,613-555-0103,613-555-0104\n"
    )
    told = [(c.type, c.value, c.note) for c in one(result, "person").contacts]
    assert told == [
        ("address", "1 Main St, Town ON, K0K 0K0", "legislature"),
        ("voice", "613-555-0101", "legislature"),
        ("voice", "613-555-0102", "home"),
        ("fax", "613-555-0103", "legislature"),
        ("cell", "613-555-0104", "legislature"),
    ]


def test_corrections_fallbacks_formats_renamed_columns_and_skipped_rows_are_the_registrys(read_list):
    result = read_list(
        "made by the clerk\nWard No,Who\n3,Anna Li\n",
        skip_rows=1,
        columns={"Ward No": "district id", "Who": "name"},
        corrections={"name": {"Anna Li": "Ana Li"}},
        district_format="Ward {district id}",
        other_names={"Ana Li": ["Anna Li"]},
        boundary="/boundaries/town-wards/$slug/",
        role="Councillor",
    )
    person, membership = one(result, "person"), one(result, "membership")
    assert (person.name, person.other_names) == ("Ana Li", ("Anna Li",))
    assert (membership.area, membership.role_en) == ("Ward 3", "Councillor")
    assert "https://represent.opennorth.ca/boundaries/town-wards/ward-3/" in {
        link.url for link in person.links
    }
    fallen = read_list("Name,Area\nAna Li,North\n", fallbacks={"district name": "area"})
    assert one(fallen, "membership").area == "North"


def test_placeholder_photos_are_no_photos(read_list):
    for url in (
        "https://x.ca/img/placeholder.png",
        "https://x.ca/no-photo.jpg",
        "data:image/png;base64,AAAA",
    ):
        assert one(read_list(f'Name,Photo URL\nAna Li,"{url}"\n'), "person").image == ""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16"])
def test_any_encoding_gives_the_same_people(read_list, encoding):
    text = "Nom du district;Rôle;Prénom;Nom\r\nÎle-Bizard;Conseillère;Noëlla;Hébert\r\n"
    person = one(read_list(text.encode(encoding)), "person")
    assert person.name == "Noëlla Hébert"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_out(read_list, delimiter):
    rows = [["District name", "Primary role", "Name"], ["Ward 1", "Mayor", "Ana Li"]]
    text = "\n".join(delimiter.join(row) for row in rows)
    assert one(read_list(text + "\n"), "membership").role_en == "Mayor"


def sheet() -> bytes:
    book = openpyxl.Workbook()
    for row in (
        ["District ID", "Primary role", "Name"],
        [3530013, "Mayor", "Ana Li"],
        [3530016.0, "Mayor", None],
    ):
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def zipped(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name.replace("_", "."), body)
    return file.getvalue()


def test_spreadsheets_and_zips_are_read(read_list):
    csv = b"District ID,Primary role,Name\n3530013,Mayor,Ana Li\n"
    for body, parameters in (
        (sheet(), {}),
        (zipped(list_csv=csv), {}),
        (zipped(list_xlsx=sheet()), {}),
        (zipped(a_csv=csv, b_csv=b"x\n"), {"filename": "a.csv"}),
    ):
        result = read_list(body, **parameters)
        assert one(result, "person").name == "Ana Li"
        assert {r.division_id for r in result.records if r.kind == "post"} >= {
            "ocd-division/country:ca/csd:3530013"
        }


def test_a_zip_in_a_zip_a_bomb_and_a_broken_archive_are_refused(read_list):
    bomb = zipped(a_csv=b"0" * (MAX_DOCUMENT_BYTES + 1))
    for body, code in (
        (zipped(inner_csv=zipped(a_csv=b"Name\nAna Li\n")), "unsafe-zip"),
        (bomb, "unsafe-zip"),
        (zipped(a_csv=b"0" * 2**24), "unsafe-zip"),
        (sheet()[:2_000], "truncated"),
        (b"PK\x03\x04" + b"\x00" * 500, "truncated"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x07" * 5_000, "not-a-table"),
        (zipped(readme_md=b"hello"), "not-a-table"),
        (zipped(a_csv=b"Name\nA\n", b_csv=b"Name\nB\n"), "not-a-table"),
    ):
        with pytest.raises(ParseFailed) as failure:
            read_list(body)
        assert failure.value.code == code


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty-body"),
        (b"<!doctype html><html><body>sorry</body></html>", "html-error-page"),
        (b"Colour,Shape\nred,round\n", "wrong-shape"),
        (b"Name,Email,Phone\nAna Li", "truncated"),
        (b'Name\n"' + b"x" * 300_000 + b'"\n', "not-csv"),
        (b"Name\n" + b",\n" * 50 + b",".join([b"x"] * 600) + b"\n", "not-a-table"),
    ],
)
def test_what_is_no_list_is_refused_with_a_reason(read_list, body, code):
    with pytest.raises(ParseFailed) as failure:
        read_list(body)
    assert failure.value.code == code


def test_the_lists_of_the_miniature_are_read_in_both_languages(rendered, parse):
    kitchener = parse(rendered(
        "ca-on-kitchener-council",
        "https://app2.kitchener.ca/appdocs/opendata/staticdatasets/Elected_Officials.csv",
    ))  # fmt: skip
    laval = parse(rendered(
        "ca-qc-laval-council",
        "https://www.donneesquebec.ca/recherche/fr/dataset/8fe69713-fade-4751-a0b4-7e57a81886b1/resource/"
        "bb38e19e-26ab-495c-a0f7-ed6b3268b6e6/download/liste-elus.csv",
    ))  # fmt: skip
    for result in (kitchener, laval):
        assert sum(r.kind == "post" and r.is_vacant for r in result.records) == 1
        assert {c.kind for c in result.complete} == {"membership", "post"}
    khalil = next(r for r in laval.records if r.kind == "person" and r.family_name == "Khalil")
    assert [c.value for c in khalil.contacts if c.type == "email"] == ["r.khalil@laval.example"]
    areas = {r.area for r in laval.records if r.kind == "membership"}
    assert "Concorde—Bois-de-Boulogne" in areas
    assert "De Cotis" in {r.family_name for r in laval.records if r.kind == "person"}


def test_titles_above_the_header_are_passed_over(make_document, parse):
    body = "Council of 2026\n\nDistrict name,Primary role,First name,Last name\nWard 1,Councillor,Ana,Li\n"
    result = parse(make_document("example-people", body, step="represent_csv"))
    assert [r.name for r in result.records if r.kind == "person"] == ["Ana Li"]


@pytest.mark.parametrize(
    "word", ["Vacant", "VACANCY", "(vacant)", "Vacant - by-election in May", "Poste vacant", "À combler"]
)
def test_a_vacant_seat_is_a_post_without_a_person_however_it_is_worded(make_document, parse, word):
    body = f"District name,Primary role,Name\nWard 1,Councillor,{word}\nWard 2,Councillor,Ana Li\n"
    result = parse(make_document("example-people", body, step="represent_csv"))
    posts = {r.division_name: r.is_vacant for r in result.records if r.kind == "post"}
    assert posts == {"Ward 1": True, "Ward 2": False}
    assert [r.name for r in result.records if r.kind == "person"] == ["Ana Li"]


def test_two_offices_of_one_row_keep_their_contacts_apart(make_document, parse):
    body = (
        "Members,,\nAs of today,,\n,,\n"
        "MLA First Name,MLA Last Name,Caucus,Constituency Name,Email,"
        "Address Type,Address Line1,Address Line2,City,Province,Country,Postal Code,Phone Number,Fax Number,"
        "Address Type,Address Line1,Address Line2,City,Province,Country,Postal Code,Phone Number,Fax Number\n"
        'Ana,"Li, ECA",ND,Oak Lake,ana@x.example,Legislature Office,1 Main,Floor 2,Edmonton,AB,Canada,T5K 2B6,'
        "(780) 555-0101,Pending,Constituency Office,5 Lake,,Oak Lake,AB,Canada,T1R 1C1,403.555.0102,\n"
    )
    result = parse(make_document("ca-ab-members", body, step="represent_csv"))
    person = next(r for r in result.records if r.kind == "person")
    assert (person.name, person.family_name) == ("Ana Li", "Li")
    assert [(c.type, c.value, c.note) for c in person.contacts] == [
        ("email", "ana@x.example", ""),
        ("address", "1 Main, Floor 2, Edmonton AB, T5K 2B6", "legislature"),
        ("voice", "780-555-0101", "legislature"),
        ("address", "5 Lake, Oak Lake AB, T1R 1C1", "constituency"),
        ("voice", "403-555-0102", "constituency"),
    ]
    seat = next(r for r in result.records if r.kind == "membership")
    assert (seat.area, seat.party, seat.role_en) == ("Oak Lake", "ND", "MLA")
