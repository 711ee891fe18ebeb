"""The indicators: each with its definition, formula, unit, source and caveat in both languages."""

from __future__ import annotations

from hubs.intelligence_hub.analytics.definitions.bills import BILLS
from hubs.intelligence_hub.analytics.definitions.platform import PLATFORM
from hubs.intelligence_hub.analytics.definitions.proceedings import PROCEEDINGS
from hubs.intelligence_hub.analytics.definitions.votes import VOTES
from hubs.intelligence_hub.analytics.indicator import Indicator

INDICATORS: dict[str, Indicator] = {each.name: each for each in (*VOTES, *BILLS, *PROCEEDINGS, *PLATFORM)}
