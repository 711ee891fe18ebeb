"""What the framework would load for nothing."""

from __future__ import annotations

from typing import Any

import fastapi.encoders
import fastapi.utils


def spare_first_pydantic() -> None:
    """Do not load the first version of pydantic (2 MiB) to learn that nothing here is of it.

    The framework asks that of each parameter that it is told of and of each object that it encodes, so as to
    refuse them. To be called before the first route is declared: by the module of the access rules, without
    which there is none. Where another version of the framework asks otherwise, nothing changes.
    """
    for module, name in (
        (fastapi.utils, "annotation_is_pydantic_v1"),
        (fastapi.encoders, "is_pydantic_v1_model_instance"),
    ):
        if hasattr(module, name):
            setattr(module, name, _is_none)


def _is_none(_: Any) -> bool:
    return False
