"""Alerts: one a scan, raised in the transaction that took the assessment, then handled by officers.

raised → acknowledged → assigned → outcome → closed; `alert_states` has the table of what is possible
when. Beside it an alert may be on the shelf for some minutes, and each step has its time.
"""

from __future__ import annotations

from service.resources import Alert
from service.store.alert_acts import acknowledge, assign, close, raise_by_officer, record_outcome
from service.store.alert_evidence import tell, weigh
from service.store.alert_rows import Wanted, get, listed
from service.store.alert_shelf import shelve, unshelve
from service.store.alert_timers import any_run_out, carry_out

__all__ = [
    "Alert",
    "Wanted",
    "acknowledge",
    "any_run_out",
    "assign",
    "carry_out",
    "close",
    "get",
    "listed",
    "raise_by_officer",
    "record_outcome",
    "shelve",
    "tell",
    "unshelve",
    "weigh",
]
