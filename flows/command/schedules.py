"""Whether a Prefect server runs what was deployed there: schedules that fire, workers, runs on time."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

from flows.command.finding import Finding
from flows.command.prefect_server import QUEUED, TO_BEGIN, Deployment, PrefectServer, Unknown

AHEAD = 2  # runs of a schedule; the server keeps three or more ahead, and fills up once a minute
JUST_DEPLOYED = timedelta(minutes=2)
LATE = timedelta(minutes=5)  # a worker asks for runs every 15 seconds
STUCK = timedelta(hours=1)  # behind an earlier run; few take as long


def schedules(server: PrefectServer, shown: str, *, off: Collection[str]) -> Iterator[Finding]:
    """Look at the deployments of this project's flows on a server whose address is `shown`.

    Flows that are `off` need no schedule: there is nothing for them to do.
    What the server does not say is a problem of its own: unknown is not ok.
    """
    try:
        deployments = server.deployments()
        if not deployments:
            yield Finding("schedules", "ok", f"no flow of this project is deployed on {shown}")
            return
        yield from _planned(server, deployments, off)
        yield from _workers(server, deployments)
        yield from _late(server, deployments)
    except Unknown as unknown:
        what = f"whether schedules fire on {shown} is not known: {unknown}"
        remedy = "look at the server and at PREFECT_API_URL, PREFECT_API_AUTH_STRING and PREFECT_API_KEY"
        yield Finding("schedules", "problem", what, remedy)


def _planned(server: PrefectServer, deployments: Sequence[Deployment], off: Collection[str]) -> Iterator[Finding]:
    scheduled = [one for one in deployments if one.schedules and one.verb() not in off]
    paused = [one for one in scheduled if one.paused or not any(of.active for of in one.schedules)]
    if paused:
        remedy = "resume it on the server's page, or `prefect deployment schedule resume`"
        yield Finding("schedules", "warning", f"the schedule of {_names(paused)} is paused", remedy)
    unplanned, new, next_runs = [], [], {}
    for one in scheduled:
        timetables = [of for of in one.schedules if of.repeats()]
        if one.paused or not timetables:
            continue
        ahead = server.ahead(one, AHEAD)
        if len(ahead) == AHEAD:
            next_runs[str(one)] = ahead[0].expected_start_time
        elif server.now - max(of.updated for of in timetables) < JUST_DEPLOYED:
            new.append(one)
        else:
            unplanned.append(one)
    if unplanned:
        remedy = "start the server anew and look at its log; `sh setup.sh prefect` installs versions that go together"
        what = f"the server's scheduler does not plan runs of {_names(unplanned)}, whose schedule is active"
        yield Finding("schedules", "problem", what, remedy)
    if new:
        what = f"no runs of {_names(new)} are planned yet; the schedule is less than two minutes old"
        yield Finding("schedules", "warning", what, "look again in two minutes")
    if next_runs:
        shown = ", ".join(f"{name} at {_instant(instant)}" for name, instant in sorted(next_runs.items()))
        yield Finding("schedules", "ok", f"next {shown}")
    if not any((paused, unplanned, new, next_runs)):
        yield Finding("schedules", "ok", f"{len(deployments)} deployments, none with a schedule")


def _workers(server: PrefectServer, deployments: Sequence[Deployment]) -> Iterator[Finding]:
    for name in sorted({one.work_pool_name for one in deployments if one.work_pool_name}):
        pool = server.pool(name)
        waiting = sum(one.work_pool_name == name for one in deployments)
        online = [one for one in server.workers(name) if one.is_online(server.now)]
        if pool.is_paused:
            remedy = f"`prefect work-pool resume {name}`"
            yield Finding("workers", "problem", f"the work pool {name} of {waiting} deployments is paused", remedy)
        elif online or not pool.needs_workers():
            yield Finding("workers", "ok", f"{len(online)} online in the work pool {name}")
        else:
            what = f"no worker is online in the work pool {name}, so none of its {waiting} deployments runs"
            remedy = f"`prefect worker start --pool {name}`, in the folder of agent-metrics.toml"
            yield Finding("workers", "problem", what, remedy)


def _late(server: PrefectServer, deployments: Sequence[Deployment]) -> Iterator[Finding]:
    number, oldest = server.late(deployments, TO_BEGIN, LATE)
    if oldest is not None:
        what = f"{number} runs have not begun, the oldest ({oldest.name}) since {_instant(oldest.expected_start_time)}"
        remedy = "look whether the worker is at work and reaches the server; stop those that nobody needs on its page"
        yield Finding("late runs", "problem", what, remedy)
    number, first = server.late(deployments, QUEUED, STUCK)
    if first is not None:
        since = f"since {_instant(first.expected_start_time)}"
        what = f"{number} runs wait for an earlier run to end, the first ({first.name}) {since}"
        remedy = "if no run is at work, cancel on the server's page the one that is shown as running: it was killed"
        yield Finding("late runs", "problem", what, remedy)
    if oldest is None and first is None:
        yield Finding("late runs", "ok", "none")


def _names(deployments: Sequence[Deployment]) -> str:
    return ", ".join(sorted(str(one) for one in deployments))


def _instant(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
