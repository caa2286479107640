"""Decoded, resized images of a list of samples: made once, kept in memory or on disk."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from attendnets import atomic
from attendnets.data.dataset import Sample, digest_of
from attendnets.data.decode import Pixels, Preprocessing, load_pixels, quiet_pillow
from attendnets.errors import DataError

#: Threads that decode; Pillow leaves Python's lock while it works.
DECODING_THREADS = 2


@dataclass(frozen=True, eq=False)
class PixelTable:
    """Images as they enter a network, with their labels.

    ``pixels`` is uint8 ``(N, H, W, C)`` in memory or a read-only memory map; ``labels`` is int64 ``(N,)``.
    Row ``i`` is the ``i``-th sample that the table was made of.
    """

    pixels: Pixels
    labels: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.pixels.dtype != np.uint8 or self.pixels.ndim != 4:
            raise DataError(
                f"a pixel table holds uint8 (N, H, W, C), not {self.pixels.dtype} {self.pixels.shape}"
            )
        if self.labels.dtype != np.int64 or self.labels.shape != self.pixels.shape[:1]:
            raise DataError(
                f"a pixel table of {len(self.pixels)} images needs int64 labels of that length, "
                f"not {self.labels.dtype} {self.labels.shape}"
            )

    def __len__(self) -> int:
        return len(self.pixels)

    def select(self, rows: Sequence[int] | npt.NDArray[np.int64]) -> PixelTable:
        """The table of these rows alone, copied into memory, in the order given."""
        index = np.asarray(rows, dtype=np.int64)
        return PixelTable(np.ascontiguousarray(self.pixels[index]), self.labels[index])


class PixelCache:
    """Decodes samples once and remembers the tables.

    Tables stay in memory while all of them together fit into ``memory_bytes``; what does not fit is
    written to ``folder`` and read through memory maps, also by later processes. The same samples and
    preprocessing give the same table again without decoding, unless a file was changed in between.

    Example::

        cache = PixelCache(Path("runs/mine/cache"))
        table = cache.table(data.learning.train, Preprocessing(channels=1, height=96, width=96))
    """

    def __init__(self, folder: Path | None, memory_bytes: int = 1 << 30) -> None:
        self._folder = folder
        self._memory_bytes = memory_bytes
        self._used_bytes = 0
        self._tables: dict[str, Pixels] = {}

    def table(
        self,
        samples: Sequence[Sample],
        preprocessing: Preprocessing,
        progress: Callable[[int, int], None] | None = None,
    ) -> PixelTable:
        """The pixels of ``samples``, decoded now if this cache does not hold them.

        ``progress`` is called with (images done, images in all) while decoding. Raises :class:`DataError`
        for a file that cannot be read, and where the table fits neither the budget nor a folder.
        """
        labels = np.array([sample.label for sample in samples], dtype=np.int64)
        key = _key(samples, preprocessing)
        if key not in self._tables:
            self._tables[key] = self._make(key, samples, preprocessing, progress)
        return PixelTable(self._tables[key], labels)

    def _make(
        self,
        key: str,
        samples: Sequence[Sample],
        preprocessing: Preprocessing,
        progress: Callable[[int, int], None] | None,
    ) -> Pixels:
        shape = (len(samples), preprocessing.height, preprocessing.width, preprocessing.channels)
        size_bytes = math.prod(shape)
        path = None if self._folder is None else self._folder / f"pixels-{key[:32]}.npy"
        if path is not None and path.exists():
            stored: Pixels = np.load(path, mmap_mode="r")
            return stored
        if self._used_bytes + size_bytes <= self._memory_bytes:
            pixels = np.empty(shape, np.uint8)
            for row, image in enumerate(_decoded(samples, preprocessing, progress)):
                pixels[row] = image
            pixels.setflags(write=False)
            self._used_bytes += size_bytes
            return pixels
        if path is None:
            raise DataError(
                f"{len(samples)} images of {preprocessing.width}x{preprocessing.height} need "
                f"{size_bytes / 1e6:.1f} MB of a {self._memory_bytes / 1e6:.1f} MB cache without a folder; "
                "give it a folder or more memory"
            )
        # Written row by row, not through a memory map: a full disk is then an error, not a crash.
        with atomic.replacing(path) as temporary, temporary.open("wb") as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            for image in _decoded(samples, preprocessing, progress):
                file.write(image.tobytes())
        written: Pixels = np.load(path, mmap_mode="r")
        return written


def _key(samples: Sequence[Sample], preprocessing: Preprocessing) -> str:
    rows = [("preprocessing", repr(preprocessing))]
    for number, sample in enumerate(samples):
        try:
            stat = sample.path.stat()
        except OSError as error:
            raise DataError(
                f"{sample.path}: the image was there when the data set was read and is not now; "
                "put it back or read the data set again"
            ) from error
        rows.append((f"{number:012d}", f"{sample.path}|{stat.st_size}|{stat.st_mtime_ns}"))
    return digest_of(rows)


def _decoded(
    samples: Sequence[Sample],
    preprocessing: Preprocessing,
    progress: Callable[[int, int], None] | None,
) -> Iterator[Pixels]:
    """The samples' pixels in their order, decoded by several threads."""

    def decode(sample: Sample) -> Pixels:
        return load_pixels(sample.path, preprocessing)

    with quiet_pillow(), ThreadPoolExecutor(DECODING_THREADS) as pool:
        for done, image in enumerate(pool.map(decode, samples), 1):
            yield image
            if progress is not None and (done % 64 == 0 or done == len(samples)):
                progress(done, len(samples))
