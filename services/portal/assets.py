"""Files that a browser loads beside a page: style, script, fonts. Each bears the hash of its content in its name."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

FOLDER = Path(__file__).parent / "static"
PREFIX = "/static"
FOREVER = "public, max-age=31536000, immutable"
_TYPES = {".woff2": "font/woff2", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
_TEXT = frozenset({".css", ".js", ".svg", ".txt"})
_REFERENCE = re.compile(rb'url\("([a-z0-9./-]+)"\)')


@dataclass(frozen=True, slots=True)
class Asset:
    """A file with what is sent of it; ``compressed`` for clients that take gzip, None where it would save nothing."""

    name: str
    content: bytes
    compressed: bytes | None
    media_type: str

    def reply(self, request: Request) -> Response:
        """Return the answer to a request, which may stay in caches for ever: another content has another name."""
        headers = {"Cache-Control": FOREVER}
        if self.compressed is None:
            return Response(self.content, media_type=self.media_type, headers=headers)
        headers["Vary"] = "Accept-Encoding"
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(self.content, media_type=self.media_type, headers=headers)
        return Response(self.compressed, media_type=self.media_type, headers={**headers, "Content-Encoding": "gzip"})


class Assets:
    """All files of a folder, read and compressed once. A style sheet names others by their names here; raises KeyError if not."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._urls: dict[str, str] = {}
        self._assets: dict[str, Asset] = {}
        files = [it for it in sorted(folder.rglob("*")) if it.is_file() and it.suffix != ".toml"]
        for path in sorted(files, key=lambda it: it.suffix == ".css"):
            self._add(path, path.relative_to(folder).as_posix())

    def url(self, name: str) -> str:
        """Return the path of a file, such as ``portal.css``. Raises KeyError."""
        return self._urls[name]

    def find(self, name: str) -> Asset | None:
        """Return the file by the last part of its path, with its hash, or None."""
        return self._assets.get(name)

    def _add(self, path: Path, name: str) -> None:
        content = path.read_bytes()
        if name.endswith(".gz"):
            content, name = gzip.decompress(content), name.removesuffix(".gz")
        suffix = Path(name).suffix
        if suffix == ".css":
            content = _REFERENCE.sub(lambda found: b'url("%s")' % self.url(found[1].decode()).encode(), content)
        stem = Path(name).name.removesuffix(suffix)
        hashed = f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}{suffix}"
        compressed = gzip.compress(content, 9, mtime=0) if suffix in _TEXT else None
        media_type = _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        self._assets[hashed] = Asset(hashed, content, compressed, media_type)
        self._urls[name] = f"{PREFIX}/{hashed}"
