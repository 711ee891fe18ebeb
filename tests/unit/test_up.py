"""``openpolicy up``: the miniature keeps its address over a restart, because jobs name it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from services.cli.up import _port_as_before
from shared.testing.platform import port_base


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


def test_installations_of_processes_side_by_side_are_given_ports_of_their_own():
    here = {port_base(), port_base()}
    asked = "from shared.testing.platform import port_base; print(port_base())"
    # The same process number to begin at, so that only the claim keeps them apart.
    same = f"import os; os.getpid = lambda: {os.getpid()}; {asked}"
    done = subprocess.run([sys.executable, "-c", same], capture_output=True, text=True, check=True)
    assert len(here) == 2
    assert int(done.stdout) not in here
