"""Their suites, as an unsuspecting vendor would write them."""

from __future__ import annotations

from acme_air.suite import AcmeAirSuite


class RaisesSuite(AcmeAirSuite):
    """Suite of `evil_drivers.Raises`."""

    driver = "evil-raises"


class HangsSuite(AcmeAirSuite):
    """Suite of `evil_drivers.Hangs`."""

    driver = "evil-hangs"


class LeaksSuite(AcmeAirSuite):
    """Suite of `evil_drivers.Leaks`."""

    driver = "evil-leaks"


class PercentSuite(AcmeAirSuite):
    """Suite of `evil_drivers.Percent`."""

    driver = "evil-lies"
