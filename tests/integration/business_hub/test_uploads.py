"""Files brought over HTTP: inspected, imported, refused row by row, corrected, imported again."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from typing import Any

import openpyxl
import pytest

from shared.http.json import loads
from shared.testing.processes import wait_until

COUNCIL = "District name,Primary role,First name,Last name,Email,Phone\n"
GOOD = COUNCIL + "Ward 1,Councillor,Élise,Côté,elise@example.ca,613-555-0001\nWard 2,Mayor,Sam,Okafor,,\n"
BAD = GOOD + "Ward 3,Councillor,No,Mail,not-an-address,\nWard 4,Councillor,=cmd(),Eve,eve@example.ca,\n"


def bring(bench, body: bytes | str, name: str = "council.csv", **query: Any) -> dict[str, Any]:
    options = query.pop("options", {})
    answer = bench.client.post(
        "/api/v1/imports",
        params={"name": name, "options": json.dumps(options), **query},
        content=body.encode() if isinstance(body, str) else body,
        headers=bench.writer,
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


def upload(bench, upload_id: str) -> dict[str, Any]:
    return bench.client.get(f"/api/v1/imports/{upload_id}", headers=bench.writer).json()


def imported(
    bench, body: bytes | str, name: str = "council.csv", state: str = "succeeded", **query: Any
) -> dict[str, Any]:
    made = bring(bench, body, name, run=True, **query)
    return bench.wait_for(made["job_id"], "succeeded", "failed", "quarantined") | {
        "upload": upload(bench, made["id"])
    }


def names(bench) -> set[str]:
    return {loads(body)["name"] for (kind, _), body in bench.canon.rows.items() if kind == "person"}


def test_a_table_is_inspected_with_suggestions_and_a_preview(bench):
    bench.start_importer()
    rows = "".join(f"Ward {n},Councillor,First{n},Last{n},m{n}@example.ca,\n" for n in range(30))
    made = bring(bench, COUNCIL + rows)
    wait_until(lambda: upload(bench, made["id"])["state"] == "inspected", timeout=30, what="an inspection")
    found = upload(bench, made["id"])["inspection"]
    assert found["columns"] == ["District name", "Primary role", "First name", "Last name", "Email", "Phone"]
    assert (found["encoding"], found["is_encoding_certain"], found["delimiter"]) == ("utf-8", True, ",")
    best = found["suggestions"][0]
    assert best["target"] == "representative"
    assert best["mapping"]["First name"] == "given_name"
    assert best["missing"] == []
    assert [row["row"] for row in found["preview"]] == list(range(2, 12))
    assert bench.canon.rows == {}


def test_a_table_without_doubt_is_imported_at_once(bench):
    bench.start_importer()
    done = imported(bench, GOOD)
    assert done["state"] == "succeeded", done
    assert names(bench) == {"Élise Côté", "Sam Okafor"}
    assert done["kind"] == "import"
    assert done["report"]["person"]["inserted"] == 2
    assert done["upload"]["source_id"] == "import:council"


def test_one_bad_row_keeps_everything_out_and_says_which_and_why(bench):
    bench.start_importer()
    done = imported(bench, BAD)
    assert done["state"] == "failed"
    assert done["reason"] == "council.csv, row 4, Email: not an e-mail address"
    assert bench.canon.rows == {}
    path = f"/api/v1/imports/{done['upload']['id']}/problems"
    problems = bench.client.get(path, headers=bench.writer).json()["data"]
    assert [(one["row"], one["column"], one["code"], one["value"]) for one in problems] == [
        (4, "Email", "not-email", "not-an-address")
    ]
    assert problems[0]["detail_fr"] == "n'est pas une adresse courriel"


def test_good_rows_are_taken_and_the_others_come_back_to_be_corrected(bench):
    bench.start_importer()
    done = imported(bench, BAD, options={"on_error": "accept"})
    assert done["state"] == "succeeded"
    assert names(bench) == {"Élise Côté", "Sam Okafor", "=cmd() Eve"}
    assert done["upload"]["rejected_rows"] == 1
    path = f"/api/v1/imports/{done['upload']['id']}/corrections.csv"
    answer = bench.client.get(path, headers=bench.writer)
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[1][:5] == ["Ward 3", "Councillor", "No", "Mail", "not-an-address"]
    assert rows[1][-2:] == ["4", "Email: not an e-mail address"]
    mended = answer.content.decode("utf-8-sig").replace("not-an-address", "no@example.ca")
    again = imported(bench, mended, name="council.csv", options={"on_error": "accept"})
    assert again["state"] == "succeeded", again
    assert "No Mail" in names(bench)


def test_no_cell_of_a_correction_is_a_formula(bench):
    bench.start_importer()
    body = COUNCIL + "=1+1,@SUM(A1),+x,-y,bad,613\n"
    done = imported(bench, body)
    path = f"/api/v1/imports/{done['upload']['id']}/corrections.csv"
    text = bench.client.get(path, headers=bench.writer).content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[1][:4] == ["'=1+1", "'@SUM(A1)", "'+x", "'-y"]


def test_the_same_file_again_is_known_by_its_bytes_and_sends_nothing(bench):
    bench.start_importer()
    imported(bench, GOOD)
    sent = len(bench.canon.calls)
    again = imported(bench, GOOD)
    assert again["report"]["person"] == {
        "inserted": 0, "updated": 0, "unchanged": 2, "tombstoned": 0, "revived": 0, "skipped": 0,
    }  # fmt: skip
    assert len(bench.canon.calls) == sent
    log = bench.client.get(f"/api/v1/jobs/{again['id']}/logs", headers=bench.writer).json()["data"]
    assert any(entry["code"] == "recalled" for entry in log)


def test_known_bytes_are_read_again_when_the_record_was_changed_meanwhile(bench):
    bench.start_importer()
    imported(bench, GOOD)
    place = next(
        place for place, body in bench.canon.rows.items() if b"Okafor" in body and place[0] == "person"
    )
    bench.canon.rows[place] = bench.canon.rows[place].replace(b"Okafor", b"Changed")
    again = imported(bench, GOOD)
    assert again["state"] == "succeeded", again
    assert again["report"]["person"]["updated"] == 1
    assert b"Okafor" in bench.canon.rows[place]


def test_a_whole_data_set_takes_back_what_is_no_longer_in_it(bench):
    bench.start_importer()
    rows = "".join(f"Ward {n},Councillor,First{n},Last{n},,\n" for n in range(12))
    imported(bench, COUNCIL + rows, options={"is_complete": True})
    fewer = "".join(f"Ward {n},Councillor,First{n},Last{n},,\n" for n in range(11))
    done = imported(bench, COUNCIL + fewer, options={"is_complete": True})
    assert done["state"] == "succeeded", done
    assert done["report"]["person"]["tombstoned"] == 1
    assert "First11 Last11" not in names(bench)


@pytest.mark.parametrize(
    ("existing", "name", "contacts"),
    [
        ("keep", "Known", []),
        ("fill", "Known", ["elise@example.ca"]),
        ("replace", "Élise Côté", ["elise@example.ca"]),
    ],
)
def test_what_others_name_too_is_kept_filled_or_replaced(bench, existing, name, contacts):
    bench.start_importer()
    imported(bench, GOOD)
    place = next(place for place in bench.canon.rows if "elise" in place[1] and place[0] == "person")
    record = loads(bench.canon.rows[place]) | {"name": "Known", "contacts": []}
    bench.canon.rows[place] = json.dumps(record).encode()
    bench.canon.sources[place] = "another-source"
    done = imported(bench, GOOD, options={"existing": existing})
    assert done["state"] == "succeeded", done
    after = loads(bench.canon.rows[place])
    assert after["name"] == name
    assert [one["value"] for one in after["contacts"] if one["type"] == "email"] == contacts


def test_a_dry_run_says_what_would_happen_and_loads_nothing(bench):
    bench.start_importer()
    done = imported(bench, GOOD, options={"dry_run": True})
    assert done["report"]["person"]["inserted"] == 2
    assert done["summary_en"].startswith("Dry run:")
    assert bench.canon.rows == {}


def test_a_kept_mapping_is_used_by_its_name(bench):
    bench.start_importer()
    mapping = {
        "target": "bill",
        "mapping": {"Nr": "number", "What": "title_en"},
        "constants": {"session": "45-1"},
    }
    saved = bench.client.put("/api/v1/imports/templates/bills", json=mapping, headers=bench.writer)
    assert saved.status_code == 200, saved.text
    done = imported(bench, "Nr;What\nC-2;An Act\nC-3;Another\n", "bills.csv", options={"template": "bills"})
    assert done["report"]["bill"]["inserted"] == 2
    strange = {"target": "bill", "mapping": {"Nr": "nonsense"}}
    refused = bench.client.put("/api/v1/imports/templates/bad", json=strange, headers=bench.writer)
    assert refused.status_code == 422
    listed = bench.client.get("/api/v1/imports/templates", headers=bench.writer).json()["data"]
    assert [one["name"] for one in listed] == ["bills"]


def test_a_workbook_is_read_like_a_table(bench):
    bench.start_importer()
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Electoral district", "Candidate", "Votes", "Party"])
    sheet.append(["Ottawa Centre", "Ann Example", 1234, "Green"])
    sheet.append(["Ottawa Centre", "Bob Example", "=1+1", "Blue"])
    out = io.BytesIO()
    book.save(out)
    constants = {"election_name_en": "By-election", "election_date": "2026-05-04"}
    done = imported(
        bench, out.getvalue(), "result.xlsx", options={"constants": constants, "target": "candidacy"}
    )
    assert done["state"] == "succeeded", done
    votes = {
        loads(body)["name"]: loads(body)["votes"]
        for (kind, _), body in bench.canon.rows.items()
        if kind == "candidacy"
    }
    # A formula that nobody has calculated has no value; it is never evaluated here.
    assert votes == {"Ann Example": 1234, "Bob Example": None}


def test_an_archive_is_read_file_by_file(bench, samples):
    bench.start_importer()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted((samples / "represent" / "import_json_2013").glob("*.json")):
            archive.write(path, path.name)
    done = imported(bench, out.getvalue(), "represent.zip")
    assert done["state"] == "succeeded", done
    assert done["report"]["person"]["inserted"] == 235


def test_a_form_with_one_file_is_an_upload_too(bench):
    bench.start_importer()
    answer = bench.client.post(
        "/api/v1/imports?run=true", files={"file": ("council.csv", GOOD.encode())}, headers=bench.writer
    )
    assert answer.status_code == 201, answer.text
    assert bench.wait_for(answer.json()["job_id"], "succeeded", "failed")["state"] == "succeeded"
    assert names(bench) == {"Élise Côté", "Sam Okafor"}


def test_a_folder_of_the_installation_is_imported_in_place_and_nothing_outside_it(bench):
    bench.start_importer()
    folder = bench.settings.data_dir / "imports" / "council"
    folder.mkdir(parents=True)
    (folder / "one.csv").write_text(GOOD)
    (folder / "readme.md").write_text("# what this is")
    body = {"path": "council", "run": True}
    made = bench.client.post("/api/v1/imports/from-path", json=body, headers=bench.writer).json()
    assert bench.wait_for(made["job_id"], "succeeded", "failed")["state"] == "succeeded"
    for path in ("../secret", "/etc/passwd", "council/../../secret", "nowhere"):
        answer = bench.client.post("/api/v1/imports/from-path", json={"path": path}, headers=bench.writer)
        assert answer.status_code == 422, path


@pytest.mark.parametrize(
    ("body", "name", "reason"),
    [
        (b"", "empty.csv", None),
        (b"\x00\x01\x02binary", "x.csv", "NUL bytes"),
        (b"nothing known here", "x.bin", "no reader knows"),
        (b"PK\x03\x04broken", "x.zip", "unpacked"),
        (b'{"objects": [{"elected_office": "MP", "name": "x"', "x.json", "not JSON"),
        (b"a,a\n1,2\n", "x.csv", "same name"),
        (b"what,ever\n1,2\n", "x.csv", "needs"),
        (b'name,email\n"unclosed,x\n', "x.csv", "line"),
    ],
)
def test_bad_files_are_refused_with_the_reason(bench, body, name, reason):
    bench.start_importer()
    if reason is None:
        answer = bench.client.post(f"/api/v1/imports?name={name}", content=body, headers=bench.writer)
        assert answer.status_code == 422
        assert bench.client.get("/api/v1/imports", headers=bench.writer).json()["data"] == []
        return
    done = imported(bench, body, name)
    assert done["state"] == "failed"
    assert reason in done["reason"], done["reason"]
    assert bench.canon.rows == {}


def test_an_upload_beyond_the_limit_is_refused_while_it_streams(bench):
    bench.settings.uploads.max_bytes = 10_000

    def pieces():
        for _ in range(100):
            yield b"x" * 1_000

    answer = bench.client.post("/api/v1/imports?name=big.csv", content=pieces(), headers=bench.writer)
    assert answer.status_code == 413
    assert answer.json()["type"] == "urn:openpolicy:problem:upload-too-large"
    assert bench.client.get("/api/v1/imports", headers=bench.writer).json()["data"] == []
    declared = bench.client.post("/api/v1/imports?name=big.csv", content=b"x" * 200_000, headers=bench.writer)
    assert declared.status_code == 413


def test_options_that_are_none_are_refused_before_anything_is_stored(bench):
    for options in ("{", '{"existing": "destroy"}', '{"format": "nope"}', '{"template": "nope"}', '{"x": 1}'):
        answer = bench.client.post(
            "/api/v1/imports",
            params={"name": "x.csv", "options": options},
            content=b"a,b\n",
            headers=bench.writer,
        )
        assert answer.status_code in {404, 422}, options
    assert bench.client.get("/api/v1/imports", headers=bench.writer).json()["data"] == []


def test_uploads_need_the_scope_to_write_jobs(bench):
    reader = bench.token("jobs:read")
    assert bench.client.post("/api/v1/imports?name=x.csv", content=b"a", headers=reader).status_code == 403
    assert bench.client.post("/api/v1/imports?name=x.csv", content=b"a").status_code == 401
    formats = bench.client.get("/api/v1/imports/formats", headers=reader).json()["data"]
    assert {"pupa", "popolo", "table", "elections-canada"} <= {one["name"] for one in formats}
    targets = bench.client.get("/api/v1/imports/targets", headers=reader).json()["data"]
    assert all(one["title_fr"] and one["fields"] for one in targets)
