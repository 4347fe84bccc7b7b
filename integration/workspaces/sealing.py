"""How an OAuth grant is stored: as one encrypted piece, so that its parts never part."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

from integration.workspaces.workspace import JiraGrant

if TYPE_CHECKING:
    from integration.foundation.secrets import SecretBox


def closed_grant(grant: JiraGrant, box: SecretBox) -> bytes:
    """Encrypt a grant."""
    parts = asdict(grant) | {"expires_at": grant.expires_at.isoformat()}
    return box.close(json.dumps(parts))


def opened_grant(sealed: bytes, box: SecretBox) -> JiraGrant:
    """Decrypt a grant."""
    parts = json.loads(box.open(sealed))
    return JiraGrant(**parts | {"expires_at": datetime.fromisoformat(parts["expires_at"])})
