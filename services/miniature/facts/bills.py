"""The bills of the miniature and their sponsors, from `bills.toml` and `sponsors.toml`."""

from functools import cache

from services.miniature.facts.model import Bill, Sponsor
from services.miniature.facts.tables import frozen, table


@cache
def bills() -> tuple[Bill, ...]:
    """Every bill, in the order of the table."""
    return tuple(Bill(**{k: frozen(v) for k, v in row.items()}) for row in table("bills")["bill"])


@cache
def sponsors() -> dict[str, Sponsor]:
    """Every sponsor by the short name that bills use."""
    return {
        name: Sponsor(**{k: frozen(v) for k, v in row.items()}) for name, row in table("sponsors").items()
    }
