"""Output: a table for people; json, yaml, csv, md and junit for everything else."""

from __future__ import annotations

import csv
import io
import json
from typing import Any, Literal
from xml.etree import ElementTree as ET

import yaml

from services.cluster.levels import Level
from services.cluster.plan import WORDS, Plan
from services.cluster.quantity import percent, show_memory
from services.cluster.report import Report, Row

Format = Literal["table", "json", "yaml", "csv", "md", "junit"]
FORMATS: tuple[Format, ...] = ("table", "json", "yaml", "csv", "md", "junit")
_BAR = 20
_EIGHTHS = " ▏▎▍▌▋▊▉"


def show_report(report: Report, form: Format) -> str:
    """Return the status report in one format."""
    if form in {"json", "yaml"}:
        return _plain(report.as_dict(), form)
    if form == "csv":
        return _csv([vars(row) for row in report.rows], list(Row.__dataclass_fields__))
    if form == "md":
        return _report_md(report)
    if form == "junit":
        return _report_junit(report)
    return _report_table(report)


def show_plan(plan: Plan, form: Format) -> str:
    """Return the plan in one format."""
    if form in {"json", "yaml"}:
        return _plain(plan.as_dict(), form)
    rows = [_plan_row(plan, index) for index in range(len(plan.steps))]
    if form == "csv":
        return _csv(rows, list(rows[0]) if rows else ["step"])
    if form == "md":
        head = list(rows[0]) if rows else ["step"]
        lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
        lines += ["| " + " | ".join(str(value) for value in row.values()) + " |" for row in rows]
        return "\n".join([*lines, "", *_plan_end(plan)]) + "\n"
    if form == "junit":
        cases = [(f"{row['step']} {row['what']} {row['workload']}".strip(), "") for row in rows]
        if plan.refusal:
            cases.append((plan.refusal.workload, plan.refusal.words()))
        return _junit("openpolicy cluster plan", cases)
    return "\n".join([*_columns(rows), "", *_plan_end(plan)]) + "\n"


def bar(part: int | None, whole: int) -> str:
    """Return a bar of twenty places; twenty question marks where the part is unknown."""
    if part is None or whole <= 0:
        return "?" * _BAR
    eighths = min(_BAR * 8, round(_BAR * 8 * part / whole))
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(_BAR, "░")


def _plain(value: Any, form: str) -> str:
    if form == "json":
        return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    text: str = yaml.safe_dump(json.loads(json.dumps(value)), sort_keys=False, allow_unicode=True)
    return text


def _csv(rows: list[dict[str, Any]], head: list[str]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, head, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _report_head(report: Report) -> list[str]:
    snapshot, sums, counts = report.snapshot, report.sums, report.counts
    whole = snapshot.allocatable
    age = report.metrics_age_s
    if sums.used is None:
        usage, seen = "usage unknown (by requests)", "no metrics"
    else:
        node = f" (node {percent(sums.node_used, whole)})" if sums.node_used is not None else ""
        least = "at least " if sums.unmeasured else ""
        usage, seen = f"usage {least}{percent(sums.used, whole)}{node}", f"metrics {age:.0f}s old"
    held = show_memory(sums.limits)
    ceiling = f"quota {held} of {show_memory(snapshot.ceiling)}" if snapshot.quota else "no quota"
    low = " LOW" if report.surge_slack < report.surge_needed else ""
    asked, capped = percent(sums.requests, whole), percent(sums.limits, whole)
    cpu_used = percent(sums.cpu_used, snapshot.allocatable_cpu)
    cpu_asked = percent(sums.cpu_requests, snapshot.allocatable_cpu)
    return [
        (
            f"CLUSTER {snapshot.cluster}  {report.level.name}  {usage} · requests {asked} · "
            f"limits {capped} of {show_memory(whole)} allocatable  [{seen}]"
        ),
        (
            f"MEMORY  used {show_memory(sums.used)} {bar(sums.used, whole)}  "
            f"requests {show_memory(sums.requests)} {bar(sums.requests, whole)}  "
            f"limits {held} {bar(sums.limits, whole)}"
        ),
        (
            f"ROLLOUT {ceiling} · surge slack {show_memory(report.surge_slack)} "
            f"(needs {show_memory(report.surge_needed)}){low}"
        ),
        f"CPU     used {cpu_used} · requests {cpu_asked} of {snapshot.allocatable_cpu:,}m",
        (
            f"SERVICES {report.services_up}/{report.services_total} logical   "
            f"PODS {counts.running}/{counts.wanted} · {counts.pending} pending · {counts.stale} stale · "
            f"{counts.broken} broken · OOM(1h) {counts.oom_killed} · {counts.finished} finished"
        ),
        *(f"WARNING {warning}" for warning in snapshot.warnings),
    ]


def _report_table(report: Report) -> str:
    lines = _report_head(report)
    lines += [f"RULE    {rule.level.name:9}{rule.text}" for rule in report.rules]
    if report.reasons:
        lines.append("WHY NOT HEALTHY")
        for reason in report.reasons:
            lines.append(f"  {reason.workload or 'pods'}: {reason.text}")
            lines.append(f"    → {reason.advice}")
    return "\n".join([*lines, "", *_columns([_row_cells(row) for row in report.rows])]) + "\n"


def _row_cells(row: Row) -> dict[str, Any]:
    used = show_memory(row.used) if row.rss is None else f"{show_memory(row.used)}({show_memory(row.rss)})"
    return {
        "tier": row.tier or "-",
        "workload": row.workload,
        "ready": f"{row.ready}/{row.replicas}",
        "req": show_memory(row.request),
        "lim": "unset" if row.limit is None else show_memory(row.limit),
        "used(rss)": used,
        "peak": show_memory(row.peak),
        "suggest": row.suggest,
        "state": row.state,
    }


def _report_md(report: Report) -> str:
    rows = [_row_cells(row) for row in report.rows]
    lines = [f"## {report.snapshot.cluster}: {report.level.name}", ""]
    lines += [f"- {rule.level.name}: {rule.text}" for rule in report.rules]
    lines += [f"- {r.workload or 'pods'}: {r.text} → `{r.advice}`" for r in report.reasons]
    if rows:
        lines += ["", "| " + " | ".join(rows[0]) + " |", "|" + " --- |" * len(rows[0])]
        lines += ["| " + " | ".join(str(value) for value in row.values()) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _report_junit(report: Report) -> str:
    bad = (Level.UNKNOWN, Level.WARNING, Level.CRITICAL)
    cases = [(rule.text, rule.level.name if rule.level in bad else "") for rule in report.rules]
    cases += [(row.workload, "" if row.state == "ok" else row.state) for row in report.rows]
    return _junit("openpolicy cluster status", cases)


def _junit(name: str, cases: list[tuple[str, str]]) -> str:
    failures = sum(1 for _, failure in cases if failure)
    suite = ET.Element("testsuite", name=name, tests=str(len(cases)), failures=str(failures), errors="0")
    for title, failure in cases:
        case = ET.SubElement(suite, "testcase", classname=name.replace(" ", "."), name=title)
        if failure:
            ET.SubElement(case, "failure", message=failure)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _columns(rows: list[dict[str, Any]]) -> list[str]:
    if not rows:
        return []
    widths = {key: max(len(key), *(len(str(row[key])) for row in rows)) for key in rows[0]}
    lines = ["  ".join(key.upper().ljust(width) for key, width in widths.items())]
    lines += ["  ".join(str(row[key]).ljust(width) for key, width in widths.items()) for row in rows]
    return [line.rstrip() for line in lines]


def _plan_row(plan: Plan, index: int) -> dict[str, Any]:
    step = plan.steps[index]
    note = step.note
    if step.replaces:
        note = f"{note}: {', '.join(step.replaces)}" if note else f"instead of {', '.join(step.replaces)}"
    return {
        "step": step.number,
        "wave": step.wave,
        "what": WORDS[step.action],
        "workload": step.workload or "-",
        "how": step.mode if step.mode != "none" else "-",
        "limits": f"{show_memory(step.limits_before)} → {show_memory(step.limits_after)}",
        "peak": show_memory(step.limits_peak),
        "requests": percent(step.requests_after, plan.allocatable),
        "usage": percent(step.usage_after, plan.allocatable),
        "downtime": f"~{step.downtime_s}s" if step.downtime_s else "-",
        "note": note,
    }


def _plan_end(plan: Plan) -> list[str]:
    lines = []
    if plan.steps:
        first, last = plan.steps[0], plan.steps[-1]
        peak = max(step.limits_peak for step in plan.steps)
        whole = plan.allocatable
        asked = f"{percent(first.requests_before, whole)} → {percent(last.requests_after, whole)}"
        capped = f"{percent(first.limits_before, whole)} → {percent(last.limits_after, whole)}"
        downtime = sum(step.downtime_s for step in plan.steps)
        lines.append(
            f"requests {asked} · limits {capped} · peak {show_memory(peak)} of "
            f"{show_memory(plan.room_limits)} · downtime in all ~{downtime}s"
        )
        if not plan.keeps_quota:
            lines.append("starts above the quota: until it is below, no step adds to what is held")
        lines += [
            f"{what} under {bound:.0%} from step {number} on" for what, bound, number in plan.milestones()
        ]
    if plan.refusal:
        lines.append(f"DOES NOT FIT  {plan.refusal.words()}")
    elif not plan.steps:
        lines.append("nothing to do: the cluster runs what the manifests say")
    return lines
