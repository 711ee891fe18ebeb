"""The shape of a document: its element or key names in order, to set a rendered one beside a recorded one."""

from xml.etree import ElementTree as ET


def element_order(document: bytes, path: str) -> list[str]:
    """The children's names of the first element at a path."""
    first = ET.fromstring(document).find(path)
    assert first is not None, f"no element at {path}"
    return [child.tag for child in first]


def key_tree(value: object) -> object:
    """The keys of nested JSON in order, with lists reduced to the shape of their first entry."""
    if isinstance(value, dict):
        return {key: key_tree(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [key_tree(value[0])] if value else []
    return None


def same_keys(mine: object, real: object, where: str = "") -> list[str]:
    """Where two JSON values differ in keys or their order; a null or an empty list on either side agrees with all."""
    if isinstance(mine, dict) and isinstance(real, dict):
        found = [] if list(mine) == list(real) else [f"{where}: {list(mine)} is not {list(real)}"]
        for key in mine.keys() & real.keys():
            found += same_keys(mine[key], real[key], f"{where}.{key}")
        return found
    if isinstance(mine, list) and isinstance(real, list):
        return same_keys(mine[0], real[0], f"{where}[]") if mine and real else []
    if (
        isinstance(mine, dict | list) != isinstance(real, dict | list)
        and mine is not None
        and real is not None
    ):
        return [f"{where}: {type(mine).__name__} is not {type(real).__name__}"]
    return []
