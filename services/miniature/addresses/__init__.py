"""The tables of addresses: every host of the miniature with its paths and what renders them."""

from services.miniature.addresses.federal import FEDERAL
from services.miniature.addresses.local import LOCAL
from services.miniature.routes import Route

ROUTES: tuple[Route, ...] = (*FEDERAL, *LOCAL)
