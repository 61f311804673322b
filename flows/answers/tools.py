"""The questions as tools of the Model Context Protocol: what the assistant of a shop asks with."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import Any

import anyio
import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError

from flows.answers.answering import Answers
from flows.answers.faults import Fault
from flows.answers.operations import HOW_TO_QUOTE, OPERATIONS, Operation, plain
from flows.ground.errors import AgentMetricsError
from flows.ground.extras import DISTRIBUTION

LOG = logging.getLogger(__name__)
NAME = "customer-agent-metrics"
READ_ONLY = types.ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
Context = ServerRequestContext[Any, Any]
AnswersOf = Callable[[Context], Answers]


def tools(answers_of: AnswersOf) -> Server[Any]:
    """A server of the four tools; `answers_of` gives the answers for whoever sent a request."""
    by_name = {one.name: one for one in OPERATIONS}

    async def listed(_context: Context, _asked: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[_tool(one) for one in OPERATIONS])

    async def called(context: Context, asked: types.CallToolRequestParams) -> types.CallToolResult:
        operation = by_name.get(asked.name)
        if operation is None:
            raise MCPError(types.INVALID_PARAMS, f"there is no tool {asked.name[:100]!r}")
        answer = partial(operation.answered, answers_of(context), asked.arguments or {})
        try:
            document = plain(await anyio.to_thread.run_sync(answer))
        except AgentMetricsError as error:
            return _result(Fault.of(error).document(), is_error=True)
        except Exception as error:  # a client that is told less asks again
            LOG.exception("%s", asked.name)
            return _result(Fault.of(error).document(), is_error=True)
        return _result(document)

    return Server(
        NAME,
        title="Figures of the customer agent",
        version=version(DISTRIBUTION),
        instructions=HOW_TO_QUOTE,
        on_list_tools=listed,
        on_call_tool=called,
    )


async def over_stdio(server: Server[Any]) -> None:
    """Answer one client over stdin and stdout until it hangs up."""
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


def _tool(operation: Operation) -> types.Tool:
    return types.Tool(
        name=operation.name,
        title=operation.title,
        description=operation.about,
        input_schema=operation.asked.model_json_schema(),
        output_schema=operation.told.model_json_schema(mode="serialization"),
        annotations=READ_ONLY,
    )


def _result(document: dict[str, Any], *, is_error: bool = False) -> types.CallToolResult:
    """As JSON in both places: programs read the one, and models that know no structured content the other."""
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=json.dumps(document, ensure_ascii=False))],
        structured_content=None if is_error else document,
        is_error=is_error,
    )
