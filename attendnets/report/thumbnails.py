"""Small pictures of a data set's files, as parts of a page that stays small."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from attendnets.data.decode import BadImage, flatten, load, open_file, quiet_pillow, upright

_SIDE = 112
_JPEG_QUALITY = 70


@dataclass(frozen=True)
class Thumbnail:
    """A JPEG as a data URI, to be shown ``width`` x ``height`` CSS pixels large."""

    picture: str
    width: int
    height: int
    enlarged: bool


class Thumbnails:
    """Pictures of files below ``root``, each made once, until ``number`` or ``limit_bytes`` are used up."""

    def __init__(self, root: Path, number: int = 160, limit_bytes: int = 1_500_000) -> None:
        self._root = root
        self._left = number
        self._left_bytes = limit_bytes
        self._made: dict[str, Thumbnail | None] = {}

    def of(self, name: str) -> Thumbnail | None:
        """The picture of a file; None where it cannot be read, or where there is no room for more."""
        if name not in self._made:
            if self._left <= 0 or self._left_bytes <= 0:
                return None
            self._made[name] = self._make(name)
        return self._made[name]

    def _make(self, name: str) -> Thumbnail | None:
        try:
            with quiet_pillow(), open_file(self._root / name) as (_, opened):
                opened.draft(None, (2 * _SIDE, 2 * _SIDE))
                image = flatten(upright(load(opened)))
                scale = _SIDE / max(image.size)
                shown = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
                if scale < 1:
                    image = image.resize(shown, Image.Resampling.LANCZOS, reducing_gap=2.0)
        except BadImage:
            # The page names the file all the same; why it cannot be read is a finding of its own.
            return None
        buffer = io.BytesIO()
        image.save(buffer, format="JPEG", quality=_JPEG_QUALITY)
        picture = f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
        self._left -= 1
        self._left_bytes -= len(picture)
        return Thumbnail(picture, *shown, enlarged=scale > 1)
