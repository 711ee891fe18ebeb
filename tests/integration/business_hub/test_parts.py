"""A large file comes in parts, over as many interruptions as it takes."""

from __future__ import annotations

import hashlib

from shared.http.json import loads

ROWS = "District name,Primary role,First name,Last name,Email\n" + "".join(
    f"Ward {n},Councillor,First{n},Last{n},m{n}@example.ca\n" for n in range(40)
)
BODY = ROWS.encode()
PARTS = [BODY[:700], BODY[700:1_400], BODY[1_400:]]


def begin(bench) -> str:
    answer = bench.client.post("/api/v1/imports/parts", json={"name": "council.csv"}, headers=bench.writer)
    assert (answer.status_code, answer.json()["state"]) == (201, "receiving")
    return f"/api/v1/imports/{answer.json()['id']}"


def problem(answer) -> str:
    return answer.json()["type"].rpartition(":")[2]


def put(bench, path: str, number: int, body: bytes):
    return bench.client.put(f"{path}/parts/{number}", content=body, headers=bench.writer)


def test_parts_may_come_in_any_order_and_again_and_what_is_left_is_told(bench):
    bench.start_importer()
    path = begin(bench)
    assert put(bench, path, 2, PARTS[2]).status_code == 204
    assert put(bench, path, 0, b"interrupted in the").status_code == 204
    early = bench.client.post(f"{path}/complete", json={"parts": 3}, headers=bench.writer)
    assert (early.status_code, problem(early), early.json()["missing"]) == (409, "parts-missing", [1])
    assert put(bench, path, 0, PARTS[0]).status_code == 204
    assert put(bench, path, 1, PARTS[1]).status_code == 204
    held = bench.client.get(f"{path}/parts", headers=bench.writer).json()["data"]
    assert [(one["number"], one["size_bytes"]) for one in held] == list(enumerate(map(len, PARTS)))
    wrong = {"parts": 3, "sha256": "0" * 64, "run": True}
    assert bench.client.post(f"{path}/complete", json=wrong, headers=bench.writer).status_code == 422
    right = {**wrong, "sha256": hashlib.sha256(BODY).hexdigest()}
    made = bench.client.post(f"{path}/complete", json=right, headers=bench.writer).json()
    assert made["size_bytes"] == len(BODY)
    done = bench.wait_for(made["job_id"], "succeeded", "failed")
    assert done["state"] == "succeeded", done
    names = {loads(body)["name"] for (kind, _), body in bench.canon.rows.items() if kind == "person"}
    assert len(names) == 40
    late = put(bench, path, 0, PARTS[0])
    assert (late.status_code, problem(late)) == (409, "upload-busy")


def test_a_part_is_neither_empty_nor_beyond_the_limits(bench):
    path = begin(bench)
    assert put(bench, path, 0, b"").status_code == 422
    assert put(bench, path, -1, b"x").status_code == 422
    assert put(bench, path, 0, b"x" * (16 * 2**20 + 1)).status_code == 413
    assert bench.client.get(f"{path}/parts", headers=bench.writer).json()["data"] == []
    most = bench.settings.uploads.max_bytes
    bench.hub.settings.uploads.max_bytes = 2_000
    try:
        assert put(bench, path, 0, b"x" * 1_500).status_code == 204
        assert put(bench, path, 0, b"x" * 1_600).status_code == 204
        beyond = put(bench, path, 1, b"x" * 500)
        assert (beyond.status_code, problem(beyond)) == (413, "upload-too-large")
    finally:
        bench.hub.settings.uploads.max_bytes = most
