"""The schema of configurations, and what it is made of."""

from collections.abc import Iterator
from typing import Any

from warmup.config import schema

SCHEMA = schema.read()


def parts(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a schema and all that it refers to."""
    yield schema
    for part in schema.get("allOf", []):
        yield from parts(part)
    if "$ref" in schema:
        yield from parts(SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]])
