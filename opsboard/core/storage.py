"""Stored files: keep what somebody gave us, and give it back with safe headers."""

from __future__ import annotations

import hashlib
import mimetypes
import re
from datetime import datetime
from typing import BinaryIO

from django.core.files import File
from django.core.files.base import ContentFile
from django.http import FileResponse

from opsboard.core.files import safe_name
from opsboard.core.models import StoredFile, User, Workspace

SHOWN_IN_PLACE = {"application/pdf", "image/png", "image/jpeg", "image/webp", "image/gif"}


def keep(
    *,
    workspace: Workspace,
    name: str,
    content: bytes | BinaryIO,
    now: datetime,
    by: User | None = None,
    content_type: str = "",
) -> StoredFile:
    """Store a file under a name of our own; the given name is kept only to show it."""
    shown = re.sub(r"[\x00-\x1f\x7f/\\]+", " ", name).strip()[-255:] or "file"
    digest, size = hashlib.sha256(), 0
    file: File[bytes] = ContentFile(content) if isinstance(content, bytes) else File(content)
    for chunk in file.chunks():
        digest.update(chunk)
        size += len(chunk)
    file.seek(0)
    suffix = re.sub(r"[^.a-z0-9]", "", shown[shown.rfind(".") :].lower())[:8] if "." in shown else ""
    row = StoredFile(
        workspace=workspace, name=shown, size=size, sha256=digest.hexdigest(), by=by, created_at=now,
        content_type=content_type or mimetypes.guess_type(shown)[0] or "application/octet-stream",
    )  # fmt: skip
    row.file.save(f"{digest.hexdigest()[:24]}{suffix}", file, save=False)
    row.save()
    return row


def answer(row: StoredFile, *, download: bool = False) -> FileResponse:
    """The file as an answer: shown in place only where a browser cannot run it, else a download."""
    in_place = row.content_type in SHOWN_IN_PLACE and not download
    response = FileResponse(
        row.file.open("rb"),
        as_attachment=not in_place,
        filename=safe_name(row.name),
        content_type=row.content_type if in_place else "application/octet-stream",
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, no-store"
    return response
