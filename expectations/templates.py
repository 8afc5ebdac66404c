"""How values fill what is written in suites: Jinja, as in dbt, where a name without a value is an error.

Belongs here: texts, conditions and arguments as templates. Does not belong here: which values there are (`builder.py`).
Filters: `percent` (0.05: 5%), and `sql`, a value as SQL writes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, StrictUndefined, TemplateError
from jinja2.nativetypes import NativeEnvironment

from expectations.engine import literal


def _given(value: object) -> object:
    if value is None:  # a bound of None would let anything pass
        raise TemplateError("a parameter of the suite has no value")
    return value


def _literal(value: object) -> str:
    return literal(value) if isinstance(value, str) else str(value)


_OPTIONS: dict[str, Any] = {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
_TEXTS = Environment(**_OPTIONS, finalize=_given)  # noqa: S701  # SQL and sentences; the page escapes by itself
_TEXTS.filters.update(percent="{:.0%}".format, sql=_literal)
_ARGUMENTS = NativeEnvironment(**_OPTIONS, finalize=_given)


Values = Mapping[str, object]


def template(text: str) -> str:
    """The text, if it is a template. Raises ValueError."""
    try:
        _TEXTS.parse(text)
    except TemplateError as error:
        raise ValueError(f"a template ({error})") from None
    return text


def fill(text: str, values: Values) -> str:
    """The text with its values. Raises TemplateError for a name that has none."""
    return _TEXTS.from_string(text).render(values)


def argument(text: str, values: Values) -> Any:
    """What the text stands for, as Python has it: a number, if it is one."""
    return _ARGUMENTS.from_string(text).render(values)


def holds(expression: str, values: Values) -> bool:
    """Whether the expression is true."""
    return bool(_TEXTS.compile_expression(expression, undefined_to_none=False)(values))
