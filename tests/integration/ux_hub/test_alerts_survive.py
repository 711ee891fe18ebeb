"""The hub is killed again and again while it mails: every item reaches its subscriber exactly once."""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path

import httpx

from shared.contracts.events.civic import CHANGED_CLASSES, RecordChange
from shared.core.ids import new_id
from shared.db.url import broker_dsn
from shared.messaging.factory import open_bus
from shared.settings import HubSettings, HubUrls
from shared.testing.databases import Databases
from shared.testing.ports import free_port
from shared.testing.processes import Processes, wait_until
from tests.integration.ux_hub.alerts import MailServer, Record, link_in, prepared

ITEMS = 40
KILLS = 6
RUN = (
    "import sys, uvicorn; from hubs.ux_hub.app import create_app;"
    " uvicorn.run(create_app(), port=int(sys.argv[1]), log_config=None)"
)


def test_every_item_is_mailed_once_though_the_hub_is_killed_at_any_point(
    tmp_path: Path, embedded_databases: Databases, processes: Processes
) -> None:
    rng = random.Random(7)
    with embedded_databases.fresh(prepared) as database, MailServer() as mail, Record().serving() as record:
        mail.delay_s = 0.05
        port = free_port()
        environment = {
            **database.env(),
            "OP_DATA_DIR": str(tmp_path),
            "OP_SECRET": "a root secret of the tests that is long enough",
            "OP_HUBS__UX": f"http://127.0.0.1:{port}",
            "OP_HUBS__DATA": record.url,
            "OP_HUBS__SECURITY": record.url,
            "OP_HUBS__INTELLIGENCE": record.url,
            "OP_MAIL__HOST": "127.0.0.1",
            "OP_MAIL__PORT": str(mail.port),
            "OP_MAIL__START_TLS": "false",
            "OP_ALERTS__MAIL_PER_DAY": "1000",
            "OP_GATEWAY__POLICY": "",
        }
        url = f"http://127.0.0.1:{port}/api/v1"
        hub = processes.python("-c", RUN, str(port), env=environment).wait_for_http(
            f"http://127.0.0.1:{port}/readyz"
        )
        with httpx.Client(headers=record.signer.headers(), timeout=20) as client:
            address = {"email": "ada@example.ca"}
            assert client.patch(f"{url}/notification-preferences", json=address).status_code == 200
            wait_until(lambda: mail.messages, what="the request to confirm")
            assert client.post(link_in(mail.messages[0], "confirm")).status_code == 200
            form = {"kind": "jurisdiction", "target": "ca", "channels": ["email"]}
            assert client.post(f"{url}/subscriptions", json=form).status_code == 201
        settings = HubSettings(database=database.settings().database, data_dir=tmp_path, hubs=HubUrls())
        bus = open_bus(settings, broker_dsn(settings))
        cls = CHANGED_CLASSES["bill"]
        for number in range(ITEMS):
            change = RecordChange(
                id=new_id(),
                key=f"ca/bill/{number}",
                change="insert",
                jurisdiction="ca",
                title_en=f"item {number}",
            )
            bus.publish([cls(producer="test", changes=(change,))])
        bus.close()
        for _ in range(KILLS):
            time.sleep(rng.uniform(0.1, 1.5))
            hub.kill()
            hub = processes.python("-c", RUN, str(port), env=environment)
            hub.wait_for_http(f"http://127.0.0.1:{port}/readyz")

        def told() -> Counter[str]:
            found: Counter[str] = Counter()
            with mail.lock:
                for message in mail.messages[1:]:
                    text = message.get_body(("plain",)).get_content()
                    found.update(line for line in text.splitlines() if line.startswith("item "))
            return found

        wait_until(lambda: len(told()) == ITEMS, timeout=120, what="every item")
        time.sleep(4)
        assert set(told().values()) == {1}
        assert list((tmp_path / "mail" / "new").iterdir()) == []
