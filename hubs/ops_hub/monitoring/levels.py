"""The level of the platform by the founding document's rules; the worst rule wins and is always named."""

from __future__ import annotations

from dataclasses import dataclass

from hubs.ops_hub.monitoring.schemas import Level

ORDER: tuple[Level, ...] = ("CRITICAL", "WARNING", "HEALTHY", "OPTIMAL")


@dataclass(frozen=True)
class Load:
    """What the rules look at; percentages are of what can be allocated."""

    usage_percent: float
    limits_percent: float
    cpu_percent: float
    infra_down: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """A rule that holds, with the level it means."""

    level: Level
    en: str
    fr: str


def rules_of(load: Load) -> list[Rule]:
    """Return every rule that holds, the worst first."""
    used = load.usage_percent
    found: list[Rule] = []
    if used >= 80:
        found.append(
            Rule(
                "CRITICAL",
                f"memory usage {used:.0f}% is at least 80%",
                f"l’usage de la mémoire, {used:.0f} %, atteint 80 %",
            )
        )
    if load.limits_percent > 100:
        limits = load.limits_percent
        found.append(
            Rule(
                "CRITICAL",
                f"limits are {limits:.0f}% of what can be allocated",
                f"les limites font {limits:.0f} % de l’allouable",
            )
        )
    found += [Rule("CRITICAL", f"{name} is not ready", f"{name} n’est pas prêt") for name in load.infra_down]
    if 50 <= used < 80:
        found.append(
            Rule(
                "WARNING",
                f"memory usage {used:.0f}% is between 50% and 80%",
                f"l’usage de la mémoire, {used:.0f} %, est entre 50 % et 80 %",
            )
        )
    found += [Rule("WARNING", f"{name} is not running", f"{name} ne tourne pas") for name in load.pending]
    found += [
        Rule("WARNING", f"{name} runs old code", f"{name} exécute un ancien code") for name in load.stale
    ]
    if 30 <= used < 50:
        found.append(
            Rule(
                "HEALTHY",
                f"memory usage {used:.0f}% is between 30% and 50%",
                f"l’usage de la mémoire, {used:.0f} %, est entre 30 % et 50 %",
            )
        )
    if load.cpu_percent >= 25:
        cpu = load.cpu_percent
        found.append(
            Rule(
                "HEALTHY",
                f"processor usage {cpu:.0f}% is at least 25%",
                f"l’usage du processeur, {cpu:.0f} %, atteint 25 %",
            )
        )
    return sorted(found, key=lambda rule: ORDER.index(rule.level))


def level_of(load: Load) -> tuple[Rule, Level | None, list[str]]:
    """Return the deciding rule, the next better level, and what blocks it."""
    rules = rules_of(load)
    if not rules:
        used = load.usage_percent
        best = Rule(
            "OPTIMAL",
            f"memory usage {used:.0f}% is under 30%, the processor under 25%, and nothing waits",
            f"l’usage de la mémoire, {used:.0f} %, est sous 30 %, le processeur sous 25 %, et rien n’attend",
        )
        return best, None, []
    worst = rules[0]
    next_level = ORDER[ORDER.index(worst.level) + 1]
    return worst, next_level, [rule.en for rule in rules if rule.level == worst.level]
