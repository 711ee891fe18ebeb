"""Input and output of the interpreter through its C interface (``rego_c.h``), holding the interpreter lock.

The library's Python side lets go of Python's lock at each of some fifty calls that a small input takes, and
under load each is a wait for other threads; it also cuts a text at a NUL character, wraps whole numbers at
64 bits and writes fractions with six digits. Here the lock is let go for the evaluation alone, and what the
short way cannot carry exactly goes as JSON.
"""

from __future__ import annotations

import ctypes
from typing import Any

from regopy import Bundle, Interpreter, rego_shared

from hubs.intelligence_hub.opa.errors import BadQuery, EvaluationFailed
from hubs.intelligence_hub.opa.exact import write_exact

MAX_INPUT_BYTES = 2**20
MAX_DEPTH = 64
_LEAST, _MOST = -(2**63), 2**63 - 1
_POINTER, _CODE = ctypes.c_void_p, ctypes.c_uint32
_holding = ctypes.PyDLL(rego_shared.path)


def _function(name: str, answers: Any, *takes: Any) -> Any:
    found = getattr(_holding, name)
    found.restype, found.argtypes = answers, takes
    return found


_new_input = _function("regoNewInput", _POINTER)
_free_input = _function("regoFreeInput", None, _POINTER)
_add_text = _function("regoInputString", _CODE, _POINTER, ctypes.c_char_p)
_add_whole = _function("regoInputInt", _CODE, _POINTER, ctypes.c_int64)
_add_truth = _function("regoInputBoolean", _CODE, _POINTER, ctypes.c_bool)
_add_null = _function("regoInputNull", _CODE, _POINTER)
_end_member = _function("regoInputObjectItem", _CODE, _POINTER)
_end_object = _function("regoInputObject", _CODE, _POINTER, ctypes.c_uint32)
_end_array = _function("regoInputArray", _CODE, _POINTER, ctypes.c_uint32)
_set_input = _function("regoSetInput", _CODE, _POINTER, _POINTER)
_set_json = _function("regoSetInputJSON", _CODE, _POINTER, ctypes.c_char_p)
_output_is_ok = _function("regoOutputOk", ctypes.c_bool, _POINTER)
_output_size = _function("regoOutputJSONSize", _CODE, _POINTER)
_output_text = _function("regoOutputJSON", _CODE, _POINTER, ctypes.c_char_p, ctypes.c_uint32)
_free_output = _function("regoFreeOutput", None, _POINTER)


class _NotPlain(Exception):
    """A value that only JSON carries exactly."""


def give_input(interpreter: Interpreter, question: Any) -> int:
    """Set what ``input`` is; return how many bytes of JSON it has.

    Raises: BadQuery when it is nested deeper than 64 or has more than a mebibyte.
    """
    if _depth(question) > MAX_DEPTH:
        raise BadQuery(f"the input is nested deeper than {MAX_DEPTH}")
    text = write_exact(question)
    if len(text) > MAX_INPUT_BYTES:
        raise BadQuery(f"the input has more than {MAX_INPUT_BYTES} bytes")
    built = _new_input()
    try:
        _add(built, question)
        code = _set_input(interpreter._impl, built)
    except _NotPlain:
        code = _set_json(interpreter._impl, text)
    finally:
        _free_input(built)
    if code:
        raise BadQuery("the input cannot be read")
    return len(text)


def run(interpreter: Interpreter, bundle: Bundle) -> bytes:
    """Evaluate a compiled query and return what it says as JSON, or the bare word ``undefined``.

    Raises: EvaluationFailed.
    """
    # The one call that lasts: other threads go on meanwhile.
    output = rego_shared.rego.regoBundleQuery(interpreter._impl, bundle._impl)
    if not output:
        words = rego_shared.rego_get_error(interpreter._impl)
        raise EvaluationFailed(first_line(words, "the policy failed on this input"))
    try:
        size = _output_size(output)
        text = ctypes.create_string_buffer(size)
        if not _output_is_ok(output) or _output_text(output, text, size):
            raise EvaluationFailed("the policy failed on this input")
        return text.value
    finally:
        _free_output(output)


def _add(built: int, value: Any) -> None:
    kind = type(value)
    if kind is str:
        # It ends a text in C.
        if "\0" in value:
            raise _NotPlain
        try:
            _add_text(built, value.encode())
        except UnicodeEncodeError:
            raise BadQuery("half of a surrogate pair is no character") from None
    elif kind is dict:
        for name, member in value.items():
            _add(built, name)
            _add(built, member)
            _end_member(built)
        _end_object(built, len(value))
    elif kind is list:
        for item in value:
            _add(built, item)
        _end_array(built, len(value))
    elif kind is bool:
        _add_truth(built, value)
    elif value is None:
        _add_null(built)
    elif kind is int and _LEAST <= value <= _MOST:
        _add_whole(built, value)
    else:
        raise _NotPlain


def _depth(value: Any, level: int = 0) -> int:
    kind = type(value)
    if level > MAX_DEPTH or (kind is not dict and kind is not list):
        return level
    deepest = level + 1
    for item in value.values() if kind is dict else value:
        if type(item) is dict or type(item) is list:
            deepest = max(deepest, _depth(item, level + 1))
    return deepest


def first_line(text: str, otherwise: str) -> str:
    """Return the first line of the library's words that says something, cut to 300 characters."""
    return next((line for line in text.splitlines() if line.strip()), otherwise)[:300]
