"""Who somebody is, by what they show: today a name and a password that the service keeps itself.

An identity provider (OIDC, a directory) is another `IdentityProvider` beside `LocalPasswords`, with a
login route of its own that ends as the present one does: in `accounts.open_session`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from service.resources import User
from service.store import accounts

Shown = TypeVar("Shown", contravariant=True)


class IdentityProvider(Protocol[Shown]):
    """Tells who somebody is.

    The account must exist here: its role, and whether it is disabled, are the service's to say.
    """

    def who(self, c: Connection, shown: Shown) -> User | None:
        """Return the account of whoever shows this, None when it is nobody's or may not enter."""
        ...


@dataclass(frozen=True, slots=True)
class NamePassword:
    """What is typed at a booth."""

    name: str
    password: str = field(repr=False)


class LocalPasswords:
    """The service's own accounts and passwords."""

    def who(self, c: Connection, shown: NamePassword) -> User | None:
        """Return the account; a wrong name takes as long as a wrong password."""
        return accounts.verify(c, shown.name, shown.password)
