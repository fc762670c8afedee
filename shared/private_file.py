"""Files that hold a secret: written whole or not at all, for their owner only."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def create_private_file(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all; if it is there already, that one stays.

    Raises OSError, which names the file.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        path.hardlink_to(draft)
    except FileExistsError:
        return
    finally:
        draft.unlink()
