"""The text of a PDF or HTML file, taken out in a process of its own: ``python -m ... PATH MEDIA_TYPE``.

Nothing hostile can cost more than this process: its memory, processor time and output are capped first.
"""

from __future__ import annotations

import resource
import sys
from html.parser import HTMLParser
from pathlib import Path

MAX_MEMORY_BYTES = 512 * 2**20
MAX_CPU_S = 60
MAX_CHARS = 5_000_000
MAX_PAGES = 3_000
_SKIPPED = frozenset({"script", "style", "noscript", "template", "svg", "head"})
_BREAKS = frozenset(
    {"p", "br", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "td"}
)


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.size = 0
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in _SKIPPED:
            self._hidden += 1
        elif tag in _BREAKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SKIPPED and self._hidden:
            self._hidden -= 1

    def handle_data(self, data: str) -> None:
        if not self._hidden and self.size < MAX_CHARS:
            self.parts.append(data)
            self.size += len(data)


def html_text(data: bytes) -> str:
    """Return the words of an HTML document."""
    parser = _Words()
    parser.feed(data.decode("utf-8", "replace"))
    parser.close()
    lines = (" ".join(line.split()) for line in "".join(parser.parts).splitlines())
    return "\n".join(line for line in lines if line)


def pdf_text(path: Path) -> str:
    """Return the words of a PDF document, page after page.

    Raises: ValueError when it is encrypted or has too many pages.
    """
    from pypdf import PdfReader

    reader = PdfReader(path)
    if reader.is_encrypted and not reader.decrypt(""):
        raise ValueError("the document is encrypted")
    if len(reader.pages) > MAX_PAGES:
        raise ValueError(f"the document has more than {MAX_PAGES} pages")
    parts: list[str] = []
    size = 0
    for page in reader.pages:
        text = page.extract_text()
        parts.append(text)
        size += len(text)
        if size > MAX_CHARS:
            break
    return "\n\n".join(parts)


def extract(path: Path, media_type: str) -> str:
    """Return the text of a file, at most 5,000,000 characters.

    Raises: ValueError for a type without text.
    """
    match media_type:
        case "application/pdf":
            text = pdf_text(path)
        case "text/html":
            text = html_text(path.read_bytes())
        case "text/plain" | "text/csv" | "application/json" | "application/xml" | "application/x-ndjson":
            text = path.read_bytes()[: 4 * MAX_CHARS].decode("utf-8", "replace")
        case _:
            raise ValueError(f"no text is taken out of {media_type}")
    # What PostgreSQL cannot store as text goes.
    return text.replace("\x00", "").encode("utf-8", "replace").decode()[:MAX_CHARS]


def main(arguments: list[str]) -> int:
    """Write the text to standard output; exit status 1 with the reason on standard error."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_S, MAX_CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    path, media_type = Path(arguments[0]), arguments[1]
    try:
        text = extract(path, media_type)
    except MemoryError:
        print("it needs more memory than is allowed", file=sys.stderr)
        return 1
    # A damaged file can fail in any way; all of them mean that it has no text to give.
    except Exception as error:  # noqa: BLE001
        print(f"{type(error).__name__}: {error}"[:500], file=sys.stderr)
        return 1
    sys.stdout.buffer.write(text.encode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
