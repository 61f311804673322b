"""How DuckDB carries the models' joins out."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Collection, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb

from flows import jobs
from flows.engines import statements
from flows.engines.statements import Model
from flows.ground.build import Build
from flows.ground.home import Home
from flows.settings.requests import BuildRequest, PullRequest
from tests.reference.deliveries import random_deliveries, write_load
from tests.reference.shops import AS_OF, random_shop

FEW = {
    "completeness",  # the newest counts of each source, with rows
    "segments",  # definitions, with accounts
}


def test_no_join_compares_all_rows_with_all_others(home: Home, tmp_path: Path) -> None:
    """A condition on a question alone, in its outer join with the turn before: 100,000 conversations never ended."""
    rng = random.Random(3)
    for number, load in enumerate(random_deliveries(rng, random_shop(rng, "shop", ordered=True))[:3]):
        write_load(tmp_path / str(number), load, rng)
        as_of = AS_OF + timedelta(days=number)
        jobs.pull(PullRequest(home=str(home.root), path=str(tmp_path / str(number))))
        jobs.build(BuildRequest(home=str(home.root), as_of=as_of))
    built = Build.read(home)
    assert built
    for is_full in (True, False):
        models = statements.kept(home, built.project_text, is_full=is_full).models
        assert "int_questions" in models
        shutil.copytree(home.candidate, copy := tmp_path / f"copy-{is_full}")
        assert {name for name, plan in plans(copy, models.values()) if compares_all(json.loads(plan))} <= FEW


def compares_all(plan: Any) -> bool:
    """Whether each row of one side of a join is compared with each of the other. An inner join with the one row of a
    subquery does no harm.
    """
    if isinstance(plan, list):
        return any(map(compares_all, plan))
    told = plan.get("extra_info", {})
    is_with_one = told.get("Join Type") == "INNER" and "SUBQUERY" in told.get("Condition", "")
    return (plan["name"].strip() == "BLOCKWISE_NL_JOIN" and not is_with_one) or compares_all(plan["children"])


def plans(candidate: Path, models: Collection[Model]) -> Iterator[tuple[str, str]]:
    """The plans of what the models do to a copy of the candidate. Those with queries of definitions are left out."""
    with closing(duckdb.connect(candidate / "work.duckdb")) as connection:
        connection.execute(f"attach '{candidate / 'metrics.duckdb'}' as candidate")
        for model in models:
            told = [parts for parts in model.sql or () if all(isinstance(part, str) for part in parts)]
            connection.begin()
            for sql in duckdb.extract_statements(";".join("".join(map(str, parts)) for parts in told)):
                if sql.type in {duckdb.StatementType.CREATE, duckdb.StatementType.INSERT}:
                    for _, plan in connection.execute(f"explain (format json) {sql.query}").fetchall():
                        yield model.name, plan
                connection.execute(sql)
            connection.rollback()
