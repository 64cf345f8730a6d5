"""The lane's command line."""

from __future__ import annotations

import pytest

from scanner.lane.commands import (
    CommandRefused,
    End,
    Leave,
    Probe,
    Quit,
    Reopen,
    Return,
    Start,
    parse_command,
)
from scanner.vehicle import CargoClass, Declaration, VehicleClass


@pytest.mark.parametrize(
    ("line", "command"),
    [
        (
            "start reefer boxed AB12CDE closed=45 laden",
            Start(Declaration(VehicleClass.REEFER, CargoClass.BOXED, "AB12CDE", True, 45.0)),
        ),
        (
            "start reefer frozen AB12 CDE closed=0",
            Start(Declaration(VehicleClass.REEFER, CargoClass.FROZEN, "AB12 CDE", False, 0.0)),
        ),
        (
            "start reefer empty AB12 profile=new_haulier CDE",
            Start(Declaration(VehicleClass.REEFER, CargoClass.EMPTY, "AB12 CDE", profile="new_haulier")),
        ),
        (
            'start tanker liquid profile="night ferry" laden',
            Start(Declaration(VehicleClass.TANKER, CargoClass.LIQUID, laden=True, profile="night ferry")),
        ),
        ("end AB12 CDE", End("AB12 CDE")),
        ("return AB12 CDE", Return("AB12 CDE")),
        ("start tanker empty", Start(Declaration(VehicleClass.TANKER, CargoClass.EMPTY))),
        ("  probe   out ", Probe(False)),
        ("leave", Leave()),
        ("return AB12CDE", Return("AB12CDE")),
        ("end", End()),
        ("end AB12CDE", End("AB12CDE")),
        ("reopen co2-inside", Reopen("co2-inside")),
        ("quit", Quit()),
    ],
)
def test_commands(line, command):
    assert parse_command(line) == command


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "start"),
        ("open", "no command 'open'"),
        ("start lorry boxed", "CARGO is one of"),
        ("start reefer boxed closed=soon", "closed=45"),
        ("start reefer boxed closed=nan", "closed=45"),
        ("start reefer boxed closed=1e400", "closed=45"),
        ("start reefer boxed closed=-5", "closed=45"),
        ("start reefer boxed " + 30 * "A", "up to 24"),
        ("start reefer boxed A\x1b[31mB", "up to 24"),
        ("start reefer boxed A\udcffB", "up to 24"),
        ("start reefer boxed profile=", "profile=NAME"),
        ('start reefer boxed profile=""', "profile=NAME"),
        ("start reefer boxed profile=a profile=b", "profile=NAME"),
        ("probe", "probe in|out"),
        ("reopen", "reopen DEVICE"),
        ("return", "return SCAN"),
    ],
)
def test_refusals_say_how_it_is_written(line, says):
    with pytest.raises(CommandRefused, match=says.replace("|", r"\|")):
        parse_command(line)
