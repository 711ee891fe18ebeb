"""``openpolicy up``: the miniature keeps its address over a restart, because jobs name it."""

from __future__ import annotations

import socket

import pytest

from services.cli.up import _port_as_before


def test_the_port_of_before_is_taken_again_when_it_is_free(tmp_path):
    kept = tmp_path / "upstream"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        probe.listen()
        port = probe.getsockname()[1]
        kept.write_text(f"http://127.0.0.1:{port}")
        assert _port_as_before(kept, "127.0.0.1") is None
    assert _port_as_before(kept, "127.0.0.1") == port


@pytest.mark.parametrize("content", [None, "", "http://127.0.0.1:x"])
def test_an_address_that_is_none_gives_no_port(tmp_path, content):
    kept = tmp_path / "upstream"
    if content is not None:
        kept.write_text(content)
    assert _port_as_before(kept, "127.0.0.1") is None
