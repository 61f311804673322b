"""The answers over HTTP: JSON at addresses of their own, and the tools at /mcp."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_origin

from mcp.server.transport_security import TransportSecuritySettings
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from flows.answers.answering import Answers
from flows.answers.door import ACCESS, LONGEST_BODY, TOOLS, Door, refusal
from flows.answers.faults import Fault
from flows.answers.openapi import DESCRIPTION, description
from flows.answers.operations import OPERATIONS, Operation, plain
from flows.answers.page import Page
from flows.answers.tools import Context, tools
from flows.dashboard.access import Access, Tokens
from flows.ground.errors import AgentMetricsError, InputError
from flows.warehouses import Warehouse

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Served:
    """What is served, and to whom."""

    warehouse: Warehouse
    tokens: Tokens
    page: Page

    def app(self) -> ASGIApp:
        """The app behind its door."""
        routes = [Route(one.path, self._endpoint(one)) for one in OPERATIONS]
        # The door has looked at host, origin and token: what follows need not.
        app = tools(self._of_tool).streamable_http_app(
            streamable_http_path=TOOLS,
            json_response=True,
            stateless_http=True,
            max_request_body_size=LONGEST_BODY,
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
            custom_starlette_routes=[Route(DESCRIPTION, _description), *routes],
        )
        app.add_exception_handler(HTTPException, _not_found)
        return Door(app, self.tokens)

    def _answers(self, access: Access) -> Answers:
        return Answers(self.warehouse, access, self.page)

    def _of_tool(self, context: Context) -> Answers:
        request: Any = context.request  # the one of HTTP
        return self._answers(request.scope[ACCESS])

    def _endpoint(self, operation: Operation) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            answers = self._answers(request.scope[ACCESS])
            try:
                told = await run_in_threadpool(lambda: plain(operation.answered(answers, _given(operation, request))))
            except AgentMetricsError as error:
                if not isinstance(error, InputError):
                    LOG.warning("%s", error)
                return refusal(Fault.of(error))
            except Exception as error:  # whatever it is, the client gets JSON
                LOG.exception("%s", operation.name)
                return refusal(Fault.of(error))
            return JSONResponse(told)

        return endpoint


def _given(operation: Operation, request: Request) -> dict[str, Any]:
    """The parameters of the address as what is asked: lists have commas, all else is there once."""
    given: dict[str, Any] = dict(request.path_params)
    fields = operation.asked.model_fields.items()
    lists = {field.alias or name for name, field in fields if get_origin(field.annotation) is tuple}
    for name, value in request.query_params.multi_items():
        if name in lists:
            given[name] = [*given.get(name, ()), *(one for one in value.split(",") if one)]
        elif name in given:
            raise InputError("is given twice", where=name[:100])
        else:
            given[name] = value
    return given


async def _description(_request: Request) -> Response:
    return JSONResponse(description())


async def _not_found(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    what = "there is nothing at this address" if status == 404 else "this cannot be asked like that"
    return refusal(Fault(status, what, None, f"{DESCRIPTION} describes what there is"))
