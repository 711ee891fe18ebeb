"""The level of the platform by the founding document's rules; the worst rule wins and is always named."""

from __future__ import annotations

from dataclasses import dataclass

from hubs.ops_hub.monitoring.schemas import Level

ORDER: tuple[Level, ...] = ("CRITICAL", "WARNING", "HEALTHY", "OPTIMAL")


@dataclass(frozen=True)
class Load:
    """What the rules look at; percentages are of what can be allocated.

    Where nobody measures the usage, requests stand in for it, and every rule that looks at them says so.
    """

    usage_percent: float | None
    limits_percent: float
    cpu_percent: float | None
    infra_down: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    crashing: tuple[str, ...] = ()
    oom_killed: tuple[str, ...] = ()
    pressed_nodes: tuple[str, ...] = ()
    requests_percent: float = 0.0
    is_share_known: bool = True

    @property
    def used(self) -> float:
        """Return the percentage that the rules on memory look at."""
        return self.requests_percent if self.usage_percent is None else self.usage_percent

    @property
    def words(self) -> tuple[str, str]:
        """Return what that percentage is of, in English and in French."""
        if self.usage_percent is None:
            return (
                "memory usage is not measured; requests are",
                "l’usage de la mémoire n’est pas mesuré ; les demandes font",
            )
        return "memory usage is", "l’usage de la mémoire est de"


@dataclass(frozen=True)
class Rule:
    """A rule that holds, with the level it means."""

    level: Level
    en: str
    fr: str


def rules_of(load: Load) -> list[Rule]:
    """Return every rule that holds, the worst first."""
    found = [*_by_memory(load), *_by_pods(load)]
    if load.cpu_percent is None:
        found.append(
            Rule("HEALTHY", "processor usage is not measured", "l’usage du processeur n’est pas mesuré")
        )
    elif load.cpu_percent >= 25:
        cpu = load.cpu_percent
        found.append(
            Rule(
                "HEALTHY",
                f"processor usage {cpu:.0f}% is at least 25%",
                f"l’usage du processeur, {cpu:.0f} %, atteint 25 %",
            )
        )
    return sorted(found, key=lambda rule: ORDER.index(rule.level))


def _by_memory(load: Load) -> list[Rule]:
    used, (en, fr) = load.used, load.words
    found: list[Rule] = []
    if not load.is_share_known:
        words = ("what can be allocated is not known", "ce qui peut être alloué n’est pas connu")
        return [Rule("WARNING", *words)]
    if used >= 80:
        found.append(
            Rule("CRITICAL", f"{en} {used:.0f}%, at least 80%", f"{fr} {used:.0f} %, donc au moins 80 %")
        )
    elif used >= 50:
        found.append(
            Rule(
                "WARNING",
                f"{en} {used:.0f}%, between 50% and 80%",
                f"{fr} {used:.0f} %, donc entre 50 % et 80 %",
            )
        )
    elif used >= 30 or load.usage_percent is None:
        floor_en, floor_fr = ("between 30% and", "entre 30 % et") if used >= 30 else ("under", "sous")
        found.append(
            Rule(
                "HEALTHY",
                f"{en} {used:.0f}%, {floor_en} 50%",
                f"{fr} {used:.0f} %, donc {floor_fr} 50 %",
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
    return found


def _by_pods(load: Load) -> list[Rule]:
    kinds: tuple[tuple[Level, tuple[str, ...], str, str], ...] = (
        ("CRITICAL", load.infra_down, "is not ready", "n’est pas prêt"),
        ("CRITICAL", load.pressed_nodes, "is a node under memory pressure", "est un nœud à court de mémoire"),
        ("WARNING", load.pending, "is not running", "ne tourne pas"),
        ("WARNING", load.stale, "runs old code", "exécute un ancien code"),
        ("WARNING", load.crashing, "crashes or cannot start", "plante ou ne peut démarrer"),
        (
            "WARNING",
            load.oom_killed,
            "was killed for want of memory within the hour",
            "a été tué faute de mémoire depuis une heure",
        ),
    )
    return [Rule(level, f"{name} {en}", f"{name} {fr}") for level, names, en, fr in kinds for name in names]


def level_of(load: Load) -> tuple[Rule, Level | None, list[Rule]]:
    """Return the deciding rule, the next better level, and what blocks it."""
    rules = rules_of(load)
    if not rules:
        used = load.used
        best = Rule(
            "OPTIMAL",
            f"memory usage {used:.0f}% is under 30%, the processor under 25%, and nothing waits",
            f"l’usage de la mémoire, {used:.0f} %, est sous 30 %, le processeur sous 25 %, et rien n’attend",
        )
        return best, None, []
    worst = rules[0]
    next_level = ORDER[ORDER.index(worst.level) + 1]
    return worst, next_level, [rule for rule in rules if rule.level == worst.level]
