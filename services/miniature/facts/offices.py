"""Who holds which office in the House, and how members can be reached."""

from typing import Any

from services.miniature.facts.model import Member
from services.miniature.facts.tables import table


def holders(office: str) -> list[dict[str, Any]]:
    """Person id, title and since when for `minister`, `officer` or `secretary`, in order of precedence."""
    return [{**row, "title": tuple(row["title"])} for row in table("offices")[office]]


def email(member: Member) -> str:
    """The public address of a member's office, which follows one pattern."""
    plain = str.maketrans("éèêëçôîïâàûÉÎ", "eeeecoiiaauEI")
    name = f"{member.first_name}.{member.last_name}".replace(" ", "").replace("'", "")
    return f"{name.translate(plain)}@parl.gc.ca"


def phone(member: Member, office: int) -> str:
    """A telephone number that nobody has: 0 on the Hill, 1 in the constituency, 2 the Hill's fax."""
    area = "555" if office == 1 else "613"
    return f"{area}-555-{(member.person_id * 7 + office) % 10000:04d}"
