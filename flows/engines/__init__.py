"""The engines that build the candidate from the lake, with the models of dbt_project."""

from __future__ import annotations

from datetime import datetime

from flows.engines import duckdb, spark
from flows.engines.candidate import Audience, Audiences, Topics
from flows.engines.gather import gather
from flows.engines.spark import opened
from flows.ground.build import Build
from flows.ground.home import Home
from flows.ground.progress import Progress
from flows.lake import Lake
from flows.settings import Settings

__all__ = ["Audience", "Audiences", "Build", "Topics", "build", "gather", "opened"]


def build(
    home: Home,
    lake: Lake,
    settings: Settings,
    topics: Topics,
    audiences: Audiences,
    *,
    as_of: datetime,
    full_refresh: bool,
    progress: Progress,
) -> Build:
    """Derive the candidate as of `as_of` (an aware instant, rule 1.3) with the engine of the settings.

    Goes on from the last complete build where that gives the same tables (rule 1.4); gives that build with `changed`
    False where nothing changed since. While an engine works there is no build.json: a build that was cut off is
    noticed by the next one, which then builds everything.
    """
    engine = {"duckdb": duckdb.build, "spark": spark.build}[settings.engine]
    return engine(home, lake, settings, topics, audiences, as_of=as_of, full_refresh=full_refresh, progress=progress)
