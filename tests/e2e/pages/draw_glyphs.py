"""Draws the letters of the cards that other sites show for a page: ``python -m tests.e2e.pages.draw_glyphs``.

A browser draws DejaVu Serif Bold and DejaVu Sans (free fonts, Bitstream Vera licence) once; what it drew is kept in
``hubs/ux_hub/web/glyphs``, so that no process needs a font or a drawing library.
"""

from __future__ import annotations

import base64
import json
import string
import zlib
from pathlib import Path

from playwright.sync_api import sync_playwright

from hubs.ux_hub.web.service.cards import GLYPHS
from shared.testing.packages import ensure_program

CHARS = string.ascii_letters + string.digits + string.punctuation + (
    "ÀÂÆÇÈÉÊËÎÏÔÙÛÜŸŒàâæçèéêëîïôùûüÿœ«»’‘“”–—…°·ÁÍÓÚÑáíóúñÄÖäö"
)  # fmt: skip
FONTS = (("title", "bold 56px 'DejaVu Serif'", 56), ("small", "32px 'DejaVu Sans'", 32))
_DRAW = """([chars, font, size]) => {
  const canvas = document.createElement("canvas");
  canvas.width = size * 3; canvas.height = Math.ceil(size * 1.4);
  const pen = canvas.getContext("2d", {willReadFrequently: true});
  pen.font = font; pen.fillStyle = "#000";
  return [...chars].map(char => {
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.fillText(char, 4, Math.round(size * 1.05));
    const advance = Math.round(pen.measureText(char).width);
    const shade = pen.getImageData(4, 0, advance, canvas.height).data;
    const found = [];
    for (let i = 3; i < shade.length; i += 4) found.push(shade[i] >> 4);
    return [char, advance, found];
  });
}"""


def main() -> None:
    """Write a file per font."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(ensure_program("chromium", "chromium")), args=["--no-sandbox"]
        )
        page = browser.new_page()
        for name, font, size in FONTS:
            drawn = page.evaluate(_DRAW, [CHARS, font, size])
            glyphs = {char: [width, base64.b64encode(bytes(shade)).decode()] for char, width, shade in drawn}
            body = json.dumps({"height": -(-size * 14 // 10), "space": round(size * 0.33), "glyphs": glyphs})
            Path(GLYPHS / f"{name}.json.z").write_bytes(zlib.compress(body.encode(), 9))
        browser.close()


if __name__ == "__main__":
    main()
