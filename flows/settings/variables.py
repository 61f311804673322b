"""Settings from variables of the environment; pydantic-settings takes long to import, so only where one is set."""

from __future__ import annotations

from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource
from pydantic_settings.exceptions import SettingsError

from flows.ground.errors import InputError
from flows.settings.environment import PREFIX
from flows.settings.tree import Settings

AS_TEXT = "warehouse"  # reads text and lists alike; every other list is JSON


class _Variables(EnvSettingsSource):
    """Reads a plain model: what a settings class would add is that it asks the environment by itself."""

    def __init__(self) -> None:
        super().__init__(Settings, env_prefix=PREFIX, env_nested_delimiter="__", env_ignore_empty=True)  # type: ignore[arg-type]

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        return value if field_name == AS_TEXT else super().decode_complex_value(field_name, field, value)


def from_variables() -> dict[str, Any]:
    """What the variables set, in the nested shape of the settings. Raises InputError for what is not JSON."""
    try:
        return _Variables()()
    except SettingsError as error:
        name = str(error).partition('"')[2].partition('"')[0].upper()
        raise InputError("the value is not JSON", where=f"{PREFIX}{name}", remedy="write it as JSON") from None
