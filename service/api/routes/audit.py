"""The audit log, for those who read it, and its proofs."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request, Response
from pydantic import TypeAdapter

from service.api.access import Booth, TheSession, needs
from service.api.accesses import look
from service.api.answers import json_page
from service.api.context import TheService
from service.api.route import router
from service.audit import checkpoints, merkle, note, proof
from service.audit.key_file import signing_key
from service.config.privacy_table import Disclosed
from service.resources import AuditEntry, Permission, Resource
from service.store import audit as stored
from service.store import audit_search
from service.store.errors import NotFound

routes = router("audit")
MOST = 2**53 - 1
READ = Booth(Permission.READ_AUDIT)
_ENTRIES = TypeAdapter(list[AuditEntry])


@routes.get("/api/v1/audit", operation_id="audit", response_model=list[AuditEntry])
@needs(READ)
def audit(
    service: TheService,
    session: TheSession,
    request: Request,
    after: Annotated[int, Query(ge=0, le=MOST)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    rows: Annotated[bool, Query(description="also entries that only vouch for rows")] = False,
) -> Response:
    """List who did what, oldest first, after a sequence; a look is an entry itself."""
    look(service, session, request, Disclosed.AUDIT, "audit")
    with service.database.reading() as c:
        found = stored.after(c, after, limit, rows=rows)
    return json_page(request, _ENTRIES, found, limit, after=found[-1].sequence if found else after)


@routes.get("/api/v1/audit/search", operation_id="search_audit", response_model=list[AuditEntry])
@needs(READ)
def search_audit(
    service: TheService,
    session: TheSession,
    request: Request,
    who: Annotated[str, Query(max_length=64, description="letters of the name")] = "",
    action: Annotated[str, Query(max_length=64, description="the whole word")] = "",
    subject: Annotated[str, Query(max_length=64, description="letters of what it was about")] = "",
    since_utc_ms: Annotated[int, Query(ge=0, le=MOST)] = 0,
    until_utc_ms: Annotated[int, Query(ge=0, le=MOST)] = MOST,
    before: Annotated[int, Query(ge=1, le=MOST, description="only entries older than this sequence")] = MOST,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """Search who did what, the newest first; a search is an entry itself."""
    asked = {"who": who, "action": action, "subject": subject}
    look(
        service,
        session,
        request,
        Disclosed.AUDIT,
        "audit",
        {name: said for name, said in asked.items() if said},
    )
    span = since_utc_ms, until_utc_ms
    with service.database.reading() as c:
        found = audit_search.search(c, span, before, limit, who=who, action=action, subject=subject)
    return json_page(request, _ENTRIES, found, limit, before=found[-1].sequence if found else before)


class SignedCheckpoint(Resource):
    """What the log is now, as a signed note, and the public key of the copy of the service that signed."""

    size: int
    checkpoint: str
    key: str


class StoredEntry(Resource):
    """An entry as its leaf commits to it; without salt its personal part was erased. ``detail`` is JSON."""

    sequence: int
    utc_ms: int
    who: str
    action: str
    subject: str
    detail: str
    salt: str | None
    personal_sha256: str


class ProvedEntry(Resource):
    """An entry, and the hashes (hex) that lead from its leaf to the root of the first ``size``."""

    entry: StoredEntry
    size: int
    path: list[str]


class Proof(Resource):
    """Entries with their proofs, and the checkpoint that they lead to."""

    checkpoint: str
    entries: list[ProvedEntry]


class Consistency(Resource):
    """The hashes (hex) that show that the log of ``now`` entries goes on the one of ``before``."""

    before: int
    now: int
    path: list[str]


@routes.get("/api/v1/audit/checkpoint", operation_id="audit_checkpoint")
@needs(READ)
def audit_checkpoint(service: TheService) -> SignedCheckpoint:
    """Sign what the log is now."""
    private = signing_key(service.database.path)
    with service.database.reading() as c:
        size, text = checkpoints.newest(c, private)
        key = note.public_key(checkpoints.origin(c), private)
    return SignedCheckpoint(size=size, checkpoint=text, key=str(key))


@routes.get("/api/v1/audit/proof", operation_id="audit_proof")
@needs(READ)
def audit_proof(
    service: TheService, session: TheSession, request: Request, sequence: Annotated[int, Query(ge=1, le=MOST)]
) -> Proof:
    """Prove that an entry is in the log."""
    look(service, session, request, Disclosed.AUDIT, "audit")
    private = signing_key(service.database.path)
    with service.database.reading() as c:
        return Proof.model_validate(proof.proof(c, [sequence], private))


@routes.get("/api/v1/audit/consistency", operation_id="audit_consistency")
@needs(READ)
def audit_consistency(
    service: TheService,
    before: Annotated[int, Query(ge=1, le=MOST, alias="from", description="entries of a checkpoint")],
    now: Annotated[int | None, Query(ge=1, le=MOST, alias="to", description="of a later one")] = None,
) -> Consistency:
    """Prove that the log only grew between two checkpoints; without ``to``, until now."""
    with service.database.reading() as c:
        size = stored.size(c)
        after = size if now is None else now
        if not before <= after <= size:
            raise NotFound(f"the log has {size} entries: ask from one size of it to a later one")
        path = merkle.consistency(before, after, stored.node_of(c))
    return Consistency(before=before, now=after, path=[each.hex() for each in path])
