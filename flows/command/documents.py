"""Results as the JSON that `--json` prints: the border at which values become plain."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flows.ground.clock import utc_text
from flows.ground.home import Home
from flows.jobs import Result
from flows.published.reconciliation import ReconciledFigure
from flows.warehouses.warehouse import Shown


def result_document(result: Result) -> dict[str, Any]:
    """What a job did."""
    return {
        "outcome": result.outcome,
        "exit_status": result.exit_status,
        "home": str(result.home),
        "publication": result.publication.to_json_dict() if result.publication else None,
        "warehouses": [_shown(one) for one in result.warehouses],
        "pull": [asdict(one) for one in result.pulled],
        "unread": [asdict(one) for one in result.unread],
        "damaged": [one.to_json_dict() for one in result.damaged],
        "rejected_share": result.rejected_share(),
        "build": result.build.to_json_dict() if result.build else None,
        "ungrouped_accounts": result.ungrouped_accounts,
        "check": _checked(result),
        "compact": asdict(result.compacted) if result.compacted else None,
        "reconciliation": None if result.reconciliation is None else [_figure(one) for one in result.reconciliation],
        "ours_alone": None if result.ours_alone is None else [one.to_json_dict() for one in result.ours_alone],
    }


def _checked(result: Result) -> dict[str, Any] | None:
    if result.checked is None:
        return None
    verdict = result.checked.verdict
    return {
        "is_open": verdict.is_open,
        "scope": verdict.scope,
        "passed": verdict.passed,
        "total": verdict.total,
        "failed": [asdict(one) for one in result.not_passed()],
        "page": str(Home(result.home).check_page),
    }


def _shown(one: Shown) -> dict[str, Any]:
    error = {"error": one.error} if one.error else {}
    return {"warehouse": one.warehouse, **(asdict(one.sent) if one.sent else {}), **error}


def _figure(one: ReconciledFigure) -> dict[str, Any]:
    return {field.name: _plain(getattr(one, field.name), is_count=one.is_count) for field in fields(one)}


def _plain(value: Decimal | date | str | None, *, is_count: bool) -> int | float | str | None:
    if isinstance(value, Decimal):
        return int(value) if is_count else float(value)
    if isinstance(value, datetime):
        return utc_text(value)
    return value.isoformat() if isinstance(value, date) else value
