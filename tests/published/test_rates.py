"""The report had a rate (rule 6.2) that tools could not ask MetricFlow for."""

from __future__ import annotations

import yaml

from contract.generate import ROOT
from flows.published.figures import RATES


def test_the_metrics_layer_has_the_rates_of_the_report() -> None:
    metrics = yaml.safe_load((ROOT / "dbt_project/models/semantic/rates.yml").read_text("utf-8"))["metrics"]
    assert [metric["name"] for metric in metrics] == [rate.name for rate in RATES]
