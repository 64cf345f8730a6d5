"""What a Güralp digitiser's status text says of its clock.

The lines were taken from the makers' manuals; their wording may differ between
firmwares, and what is not recognised says nothing.

References
----------
Güralp Systems, CMG-DM24 operator's guide (October 2009), pages 65 and 91;
MAN-D24-0004, chapter 4.
"""

from __future__ import annotations

import re

# A controlled clock reports how far it is from GPS; "Not sync'd" and the rest are said by one that is not.
_CLOCK = re.compile(
    r"(?P<no>not sync'?d|no gps time|gps switched off|no fix|fix= *\"(?:no|0|1)[^\"]*\")"
    r"|(?P<yes>\d+ microseconds (?:fast|slow)|fix= *\"[23]-?d\")",
    re.IGNORECASE,
)


def clock_follows_gps(text: str) -> bool | None:
    """Return whether the newest line about the clock says that GPS controls it; None without such a line.

    Examples
    --------
    >>> clock_follows_gps("2006 9 4 13:13:00 2 MicroSeconds Fast Freq error 0 e-9 Auto 3D [-4]")
    True
    >>> clock_follows_gps("2005 8 10 12:36:00 GPS Control settling Auto 3-D [-5 Not sync'd]")
    False
    """
    newest = None
    for line in text.splitlines():
        said = {kind for kind in ("no", "yes") for found in _CLOCK.finditer(line) if found[kind]}
        if said:
            newest = "no" not in said
    return newest
