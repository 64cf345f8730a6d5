"""Who may do what, as a table in Markdown: ``python -m service.api.table``; docs/security.md keeps it."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi.routing import APIRoute

from service.api.access import DECLARED, Access, Booth, Everybody, GateItself, LaneItself, Scraper
from service.api.app import SUBJECTS
from service.permissions import ALLOWED
from service.resources import Role

ACTORS = ("nobody", *(role.value for role in Role), "lane", "gate")
YES, NO = "yes", "–"


def operations() -> Iterator[tuple[str, str, Access]]:
    """Give method, address and access of every operation but the metrics', by subject."""
    for subject in SUBJECTS:
        for route in subject.routes.routes:
            assert isinstance(route, APIRoute)
            access = DECLARED[route.endpoint]
            if not isinstance(access, Scraper):
                for method in sorted(route.methods or ()):
                    yield method, route.path, access


def may(actor: str, access: Access) -> bool:
    """Say whether somebody may do something; ``actor`` is one of `ACTORS`."""
    match access:
        case Everybody():
            return True
        case Booth(permission=permission):
            return actor in set(Role) and (permission is None or permission in ALLOWED[Role(actor)])
        case LaneItself():
            return actor == "lane"
        case GateItself():
            return actor == "gate"
    return False


def table() -> str:
    """Return the table."""
    lines = [
        "| operation | " + " | ".join(ACTORS) + " | also |",
        "|---|" + "---|" * (len(ACTORS) + 1),
    ]
    for method, path, access in operations():
        cells = [YES if may(actor, access) else NO for actor in ACTORS]
        lines.append(f"| `{method} {path}` | " + " | ".join(cells) + f" | {_also(access)} |")
    return "\n".join(lines)


def _also(access: Access) -> str:
    match access:
        case Booth(fresh=True):
            return "a fresh password"
        case Booth(locked=True):
            return "at a locked booth"
        case LaneItself(scope=scope):
            return f"scope {scope.value}"
    return ""


if __name__ == "__main__":
    print(table())  # noqa: T201
