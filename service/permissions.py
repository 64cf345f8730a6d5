"""What each role may do, in one table."""

from __future__ import annotations

from collections.abc import Mapping

from service.resources import Permission, Role

ALLOWED: Mapping[Role, tuple[Permission, ...]] = {
    Role.OFFICER: (Permission.COMMAND_LANES, Permission.HANDLE_ALERTS),
    Role.SUPERVISOR: (
        Permission.COMMAND_LANES,
        Permission.HANDLE_ALERTS,
        Permission.MANAGE_ACCOUNTS,
        Permission.READ_AUDIT,
        Permission.DISCLOSE,
        Permission.ERASE,
    ),
    Role.ENGINEER: (Permission.COMMAND_LANES, Permission.MANAGE_LANES),
    Role.AUDITOR: (Permission.READ_AUDIT, Permission.DISCLOSE),
}
