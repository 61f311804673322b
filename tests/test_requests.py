"""Requests: a field is an option of the command line, a parameter of the flow and an entry of Prefect's form."""

from __future__ import annotations

import importlib
import subprocess
import sys
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from prefect.flows import Flow
from prefect.utilities.callables import parameter_schema
from pydantic import ValidationError
from typer.core import TyperCommand, TyperGroup

from flows.command import start
from flows.command.main import COMMANDS, app, main
from flows.command.start import Verb
from flows.ground.errors import InputError
from flows.jobs import deliveries
from flows.jobs.under_prefect import cautious
from flows.settings.requests import DeliveryRequest, Request, RunRequest, WarehouseRequest, option_name

FLOWS = Path(start.__file__).parent.parent
DELIVERIES = {
    "segments": deliveries.segments,
    "events": deliveries.events,
    "follow_ups": deliveries.follow_ups,
    "handoffs": deliveries.handoffs,
}
JOBS: dict[str, object] = {
    **{verb.name: verb.job for verb in vars(start).values() if isinstance(verb, Verb)},
    **DELIVERIES,
}
WORDS = {
    "topics": ("topics", "regroup"),
    "segments": ("segments", "sync"),
    "events": ("events", "send"),
    "follow_ups": ("follow-ups", "send"),
    "handoffs": ("handoffs", "create"),
}


def flow_of(verb: str) -> Flow[..., object]:
    found = getattr(importlib.import_module(f"flows.{verb}"), verb)
    assert isinstance(found, Flow)
    return found


def request_of(job: object) -> type[Request]:
    request: type[Request] = typing.get_type_hints(job)["request"]
    return request


def requests(of: type[Request] = Request) -> Iterator[type[Request]]:
    """All requests, those of commands too."""
    yield of
    for one in of.__subclasses__():
        yield from requests(one)


def test_flows_has_a_file_for_each_verb_and_nothing_else_beside_its_rooms() -> None:
    files = {file.stem for file in FLOWS.glob("*.py")} - {"__init__"}
    assert files == set(JOBS)


@pytest.mark.parametrize("verb", JOBS)
def test_a_flow_takes_the_request_of_its_job_and_its_form_explains_every_field(verb: str) -> None:
    module = importlib.import_module(f"flows.{verb}")
    (taken,) = typing.get_type_hints(flow_of(verb).fn, vars(module)).keys() - {"return"}
    request = typing.get_type_hints(flow_of(verb).fn, vars(module))[taken]
    assert request is request_of(JOBS[verb])
    schema = parameter_schema(flow_of(verb).fn).model_dump()
    form = schema["definitions"][request.__name__]["properties"]
    assert set(form) == set(request.model_fields)
    assert all(entry["description"] for entry in form.values())


def test_every_field_of_every_request_is_described() -> None:
    fields = [(one.__name__, name, field) for one in requests() for name, field in one.model_fields.items()]
    assert len(fields) > 50
    assert [(request, name) for request, name, field in fields if not field.description] == []


def test_an_empty_list_is_not_taken_for_everything() -> None:
    """A program that lists what it wants, and finds nothing, was given all of it."""
    app()  # with the requests of all commands
    lists = [(one, name) for one in requests() for name, field in one.model_fields.items() if is_list(field.annotation)]
    assert {name for _, name in lists} == {"warehouse", "source", "segments", "messages", "conversations", "table"}
    for one, name in lists:
        assert one.model_fields[name].default is None, (one, name)  # which a form may send back
        with pytest.raises(ValidationError) as refused:
            one.model_validate({name: []})
        said = {error["loc"]: error["msg"] for error in refused.value.errors()}
        assert "an empty list names nothing; leave it out" in said.get((name,), ""), (one, name)


def is_list(annotation: object) -> bool:
    return typing.get_origin(annotation) in {tuple, list} or any(map(is_list, typing.get_args(annotation)))


@pytest.mark.parametrize("verb", DELIVERIES)
def test_a_flow_that_delivers_only_says_what_it_would_do_unless_it_is_told_otherwise(verb: str) -> None:
    assert importlib.import_module(f"flows.{verb}").PLANNED.dry_run
    request = request_of(JOBS[verb])
    assert issubclass(request, DeliveryRequest)
    asked: list[dict[str, Any]] = [{"account": "a"}, {"dry_run": False}, {"dry_run": True}]
    assert [cautious(request(**one)).dry_run for one in asked] == [True, False, True]
    (deployment,) = (
        one
        for one in yaml.safe_load((FLOWS.parent / "prefect.yaml").read_text("utf-8"))["deployments"]
        if one["name"] == verb
    )
    assert deployment["parameters"] == {"request": {"dry_run": True}}
    assert not any(one["active"] for one in deployment["schedules"])


@pytest.mark.parametrize("verb", JOBS)
def test_a_command_has_an_option_for_each_field(verb: str) -> None:
    request = request_of(JOBS[verb])
    command: object = typer.main.get_command(app())
    for word in WORDS.get(verb, (verb,)):
        assert isinstance(command, TyperGroup)
        command = command.commands[word]
    assert isinstance(command, TyperCommand)
    options = {option for one in command.params for option in one.opts}
    named = {name: option_name(request, name) for name in request.model_fields}
    wanted = {option if option.startswith("-") else name for name, option in named.items()}  # or its place
    assert options - {"--help"} == wanted | {"--json", "--debug"}


def test_only_the_module_of_the_command_that_is_asked_for_is_imported() -> None:
    """`status` imported the verbs, the gate and all other commands, and made their options, before it began."""
    code = "import sys; from flows.command.main import app; app(['status', '--json']); print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "flows.command.standing" in modules
    assert {
        "flows.command.working",
        "flows.command.topics",
        "flows.command.report_shown",
        "flows.jobs",
        "expectations.gate",
    }.isdisjoint(modules)


@pytest.mark.parametrize("module", COMMANDS)
def test_the_modules_of_the_commands_are_known(module: str) -> None:
    found = importlib.import_module(f"flows.command.{module}").app.registered_commands
    assert sorted(one.name for one in found) == sorted(COMMANDS[module])


def test_a_request_is_frozen_and_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ValidationError):
        RunRequest.model_validate({"max_volume_dorp": 0.5})
    with pytest.raises(ValidationError):
        RunRequest().home = "elsewhere"  # type: ignore[misc]


@pytest.mark.parametrize("given", [f"--warehouse{sign}postgresql://a:canary@host/shop" for sign in "= "])
def test_a_password_in_an_option_is_refused_with_the_way_out_and_not_repeated(
    given: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Everybody on a machine can read the arguments of its processes."""
    assert main(["status", *given.split()]) == 2
    said = capsys.readouterr().err
    assert "option --warehouse" in said
    assert "AGENT_METRICS_WAREHOUSE or PGPASSWORD, or keep it in ~/.pgpass" in said
    assert "canary" not in said
    with pytest.raises(InputError, match="has its password here"):  # nor as the parameter of a flow
        WarehouseRequest(warehouse=["postgresql://a:canary@host/shop"])


def test_help_shows_the_options_of_a_command_first_and_those_of_all_commands_last() -> None:
    group = typer.main.get_command(app())
    assert isinstance(group, TyperGroup)
    names = [option for one in group.commands["run"].params for option in one.opts if option != "--help"]
    assert names[:3] == ["--source", "--path", "--full-refresh"]
    assert names[-4:] == ["--home", "--config", "--json", "--debug"]
