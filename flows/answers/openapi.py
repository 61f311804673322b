"""The description of the addresses for other programs (OpenAPI 3.1), made from the list of questions."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from pydantic.json_schema import models_json_schema

from flows.answers.operations import HOW_TO_QUOTE, OPERATIONS, Operation
from flows.ground.extras import DISTRIBUTION

DESCRIPTION = "/v1/openapi.json"
FAULTS = {
    "400": "The question is wrong.",
    "401": "A token is needed.",
    "404": "The metric or the account is not known.",
    "429": "Other questions are being answered.",
    "503": "Nothing is published, or it cannot be read now.",
}
FAULT = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["what", "where", "remedy"],
            "properties": {
                "what": {"type": "string"},
                "where": {"type": ["string", "null"]},
                "remedy": {"type": ["string", "null"]},
            },
        }
    },
}


def description() -> dict[str, Any]:
    """The document."""
    of, schemas = models_json_schema(
        [(one.told, "serialization") for one in OPERATIONS], ref_template="#/components/schemas/{model}"
    )
    answers = {one.name: of[one.told, "serialization"] for one in OPERATIONS}
    return {
        "openapi": "3.1.0",
        "info": {"title": DISTRIBUTION, "version": version(DISTRIBUTION), "description": HOW_TO_QUOTE},
        "paths": {one.path: {"get": _get(one, answers[one.name])} for one in OPERATIONS},
        "components": {
            "schemas": {**schemas["$defs"], "Fault": FAULT},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}, {}],
    }


def _get(operation: Operation, answer: dict[str, Any]) -> dict[str, Any]:
    schema = operation.asked.model_json_schema()
    needed = schema.get("required", [])
    return {
        "operationId": operation.name,
        "summary": operation.title,
        "description": operation.about,
        "parameters": [
            _parameter(name, value, operation.path, is_needed=name in needed)
            for name, value in schema.get("properties", {}).items()
        ],
        "responses": {
            "200": {"description": "The answer.", "content": {"application/json": {"schema": answer}}},
            **{
                status: {
                    "description": said,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Fault"}}},
                }
                for status, said in FAULTS.items()
            },
        },
    }


def _parameter(name: str, schema: dict[str, Any], path: str, *, is_needed: bool) -> dict[str, Any]:
    is_part = f"{{{name}}}" in path
    is_list = schema.get("type") == "array"
    return {
        "name": name,
        "in": "path" if is_part else "query",
        "required": is_needed,
        "description": schema.get("description", ""),
        "schema": {key: value for key, value in schema.items() if key not in {"title", "description"}},
        **({"style": "form", "explode": False} if is_list else {}),
    }
