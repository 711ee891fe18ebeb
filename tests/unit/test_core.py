from __future__ import annotations

from shared.core.errors import AppError, BadGateway, NotFound, error_class
from shared.core.ids import new_id


def test_ids_are_version_seven_and_sort_by_time() -> None:
    ids = [new_id() for _ in range(100)]
    assert {i.version for i in ids} == {7}
    assert [i.int >> 80 for i in ids] == sorted(i.int >> 80 for i in ids)


def test_a_problem_document_carries_its_extensions() -> None:
    problem = NotFound("no such bill", key="ca/bill/45-1/c-2").problem()
    assert problem == {
        "type": "urn:openpolicy:problem:not-found",
        "title": "Not found",
        "status": 404,
        "detail": "no such bill",
        "key": "ca/bill/45-1/c-2",
    }


def test_every_error_class_has_a_status_and_a_code_of_its_own() -> None:
    classes = [AppError, *AppError.__subclasses__()]
    core = [c for c in classes if c.__module__ == "shared.core.errors"]
    assert len({c.status for c in core}) == len(core)
    assert len({c.code for c in core}) == len(core)


def test_a_status_finds_its_class_and_an_unknown_one_the_nearest() -> None:
    assert error_class(404) is NotFound
    assert error_class(418).status == 400
    assert error_class(599) is BadGateway
