"""Documents are read whole up to their limit, whatever their size."""

from __future__ import annotations

import hashlib

import pytest

from hubs.business_hub.op_import.errors import UploadTooLarge
from hubs.business_hub.op_import.reading.documents import HEAD_BYTES, documents_of_folder
from hubs.business_hub.op_import.reading.limits import ReadLimits

MOST = 20 * HEAD_BYTES


@pytest.mark.parametrize("size", [0, 1, HEAD_BYTES - 1, HEAD_BYTES, HEAD_BYTES + 1, 9 * HEAD_BYTES + 1, MOST])
def test_every_byte_of_a_document_is_read(tmp_path, size):
    body = bytes(number % 251 for number in range(size))
    (tmp_path / "a.json").write_bytes(body)
    [document] = documents_of_folder(tmp_path, ReadLimits(document_bytes=MOST))
    assert document.read() == body
    assert document.sha256 == hashlib.sha256(body).hexdigest()


@pytest.mark.parametrize("most", [10, HEAD_BYTES, MOST])
def test_a_document_above_the_limit_is_refused(tmp_path, most):
    (tmp_path / "a.json").write_bytes(b"x" * (most + 1))
    [document] = documents_of_folder(tmp_path, ReadLimits(document_bytes=most))
    with pytest.raises(UploadTooLarge):
        document.read()
