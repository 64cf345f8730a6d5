"""The conformance kit: proves a driver against the contract of `drivers.api`.

A vendor subclasses `DriverSuite`, names the driver and builds its far end; pytest runs
a test for each law, ``lorryscan drivers check NAME`` prints the table and writes
``conformance.json``. Truth comes from the far end (`Told`), never through the driver.
"""

from drivers.conformance.law import Law, LawBroken, Outcome
from drivers.conformance.laws import LAWS
from drivers.conformance.report import KIT_VERSION, Report
from drivers.conformance.suite import DriverSuite
from drivers.conformance.told import Told
from drivers.twins.fault_box import FaultBox, Faults
from drivers.twins.ports import PtyPort, TcpPort, UdpPort, WirePort
from drivers.twins.twin import Twin

__all__ = [
    "KIT_VERSION",
    "LAWS",
    "DriverSuite",
    "FaultBox",
    "Faults",
    "Law",
    "LawBroken",
    "Outcome",
    "PtyPort",
    "Report",
    "TcpPort",
    "Told",
    "Twin",
    "UdpPort",
    "WirePort",
]
