"""The report had a rate (rule 6.2) that tools could not ask MetricFlow for, or that no golden case held."""

from __future__ import annotations

import json

import yaml

from contract.generate import ROOT
from flows.published.figures import RATES

NAMES = [rate.name for rate in RATES]


def test_the_metrics_layer_has_the_rates_of_the_report() -> None:
    metrics = yaml.safe_load((ROOT / "dbt_project/models/semantic/rates.yml").read_text("utf-8"))["metrics"]
    assert [metric["name"] for metric in metrics] == NAMES


def test_the_golden_cases_of_rates_hold_each_of_them() -> None:
    for case in ("rates", "no-volume"):
        file = ROOT / "tests" / "golden" / "6.2" / case / "expected" / "report.json"
        assert [name for name in json.loads(file.read_text("utf-8"))["figures"] if "_rate" in name] == NAMES, case
