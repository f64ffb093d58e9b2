"""Draw docs/pictures/: a synthetic world of 1 degree, by the commands of docs/pictures.md.

Run it in an empty folder, with luc-load[plot] installed; it takes a minute and 40 MB there.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

DOCS = Path(__file__).parent
PICTURES = DOCS / "pictures"


def main() -> None:
    """Run every command of the page, and keep its pictures in 256 colours."""
    text = (DOCS / "pictures.md").read_text(encoding="utf-8")
    for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        for line in block.splitlines():
            name, *arguments = shlex.split(line)
            if name == "luc-load":
                subprocess.run([sys.executable, "-m", "loader", *arguments], check=True)  # noqa: S603  # ours
    PICTURES.mkdir(exist_ok=True)
    for drawn in sorted(Path.cwd().glob("*.png")):
        kept = PngInfo()
        with Image.open(drawn) as picture:
            kept.add_text("Software", picture.info["Software"])
            # This method keeps the ends of a colour bar, which few pixels have; kmeans moves the
            # colours to those that most pixels have, sea and land without change among them.
            small = picture.convert("RGB").quantize(
                256, method=Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE
            )
            small.save(PICTURES / drawn.name, optimize=True, pnginfo=kept)
        print(PICTURES / drawn.name)


if __name__ == "__main__":
    main()
