"""Every act in every state: what becomes of an alert, or why not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from service.resources import AlertState, Conditions, OutcomeKind, OutcomeRequest, Role, ShelveRequest
from service.store import accounts, alerts
from service.store.alert_states import NEXT, Act
from service.store.errors import Conflict

PAGE = Path(__file__).parents[2] / "docs" / "alerts.md"
NOTHING = OutcomeRequest(kind=OutcomeKind.NOTHING_FOUND)
FOUND = OutcomeRequest(
    kind=OutcomeKind.PEOPLE_FOUND,
    people=3,
    conditions=Conditions(well=1, needs_care=1, dead=1),
    safeguarding_referral=True,
    safeguarding_reference="R-17",
)
SHELVE = ShelveRequest(minutes=10, reason="search bay 2 is taken")


@pytest.fixture
def store_kind() -> str:
    """Say that one store is enough for a table."""
    return "sqlite"


DO = {
    Act.ACKNOWLEDGE: (alerts.acknowledge, ()),
    Act.ASSIGN: (alerts.assign, ("dog team 2",)),
    Act.RECORD_OUTCOME: (alerts.record_outcome, (FOUND,)),
    Act.CLOSE: (alerts.close, ()),
    Act.SHELVE: (alerts.shelve, (SHELVE,)),
    Act.UNSHELVE: (alerts.unshelve, ()),
}
WAY = {
    AlertState.RAISED: (),
    AlertState.ACKNOWLEDGED: ((alerts.acknowledge, ()),),
    AlertState.ASSIGNED: ((alerts.acknowledge, ()), (alerts.assign, ("dog team 1",))),
    AlertState.OUTCOME: ((alerts.acknowledge, ()), (alerts.record_outcome, (NOTHING,))),
    AlertState.CLOSED: (
        (alerts.acknowledge, ()),
        (alerts.record_outcome, (NOTHING,)),
        (alerts.close, ()),
    ),
}


def documented() -> dict[tuple[Act, AlertState], str]:
    """Return the table of the page: a state, or the code of the refusal in backticks."""
    rows = [
        [cell.strip() for cell in line.strip("| \n").split("|")]
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if re.match(rf"\| `({'|'.join(['act', *Act])})` \|", line)
    ]
    states = [AlertState(name) for name in rows[0][1:]]
    return {
        (Act(act.strip("`")), state): cell
        for act, *cells in rows[1:]
        for state, cell in zip(states, cells, strict=True)
    }


def test_the_page_has_every_act_in_every_state():
    assert set(documented()) == {(act, state) for act in Act for state in AlertState}
    assert set(documented()) == {(act, state) for act, by_state in NEXT.items() for state in by_state}


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("state", AlertState)
def test_act_in_state_is_as_documented(lane, handle, act, state):
    lane.tell(lane.assessed("search"))
    for function, values in WAY[state]:
        handle(function, *values)
    before = lane.alert()
    assert before.state is state
    wanted = documented()[act, state]
    function, values = DO[act]
    if not wanted.startswith("`"):
        assert handle(function, *values, by="bert").state is AlertState(wanted)
        return
    with pytest.raises(Conflict) as error:
        handle(function, *values, by="bert")
    assert error.value.code == wanted.strip("`")
    assert lane.alert() == before


def test_outcome_without_a_search_assigned_counts_its_officer_as_assigned(lane, handle, audited):
    lane.tell(lane.assessed("search"))
    handle(alerts.acknowledge, by="anna")
    alert = handle(alerts.record_outcome, FOUND, by="bert")
    assert (alert.owner, alert.assigned_to, alert.assigned_is_account) == ("anna", "bert", True)
    [entry] = audited("outcome_recorded")
    assert entry.detail["assigned_to"] == "bert"
    assert entry.detail["conditions"] == {"well": 1, "needs_care": 1, "critical": 0, "dead": 1}


def test_outcome_keeps_conditions_and_referral(lane, handle):
    lane.tell(lane.assessed("search"))
    handle(alerts.acknowledge)
    outcome = handle(alerts.record_outcome, FOUND).outcome
    assert outcome.conditions == Conditions(well=1, needs_care=1, dead=1)
    assert (outcome.safeguarding_referral, outcome.safeguarding_reference) == (True, "R-17")


def test_search_is_reassigned_and_the_log_says_instead_of_whom(lane, handle, audited):
    lane.tell(lane.assessed("search"))
    handle(alerts.acknowledge)
    first = handle(alerts.assign, " dog team 1 ", by="anna")
    assert (first.assigned_to, first.assigned_is_account, first.assigned_by) == ("dog team 1", False, "anna")
    assert handle(alerts.assign, "dog team 1", by="bert") == first
    second = handle(alerts.assign, "dog team 2", by="bert", now_ms=lane.now_ms + 5)
    assert (second.assigned_to, second.assigned_by, second.assigned_utc_ms) == (
        "dog team 2",
        "bert",
        lane.now_ms + 5,
    )
    assert second.due_utc_ms == first.due_utc_ms  # the lorry has waited since the first
    assert [entry.detail.get("instead_of") for entry in audited("search_assigned")] == [None, "dog team 1"]


@pytest.fixture
def people(lane, light_passwords):
    with lane.database.writing() as c:
        for name, role in (("carl", Role.OFFICER), ("dora", Role.OFFICER), ("eve", Role.ENGINEER)):
            accounts.add(c, name, role, "brass kettle on the quay", "test", lane.now_ms)
        accounts.change(c, "dora", disabled=True, by="test", now_ms=lane.now_ms)


@pytest.mark.usefixtures("people")
def test_account_is_assigned_as_one(lane, handle):
    lane.tell(lane.assessed("search"))
    handle(alerts.acknowledge)
    alert = handle(alerts.assign, "carl")
    assert (alert.assigned_to, alert.assigned_is_account) == ("carl", True)


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("name", ["dora", "eve"])
def test_account_that_cannot_search_is_refused(lane, handle, name):
    lane.tell(lane.assessed("search"))
    handle(alerts.acknowledge)
    with pytest.raises(Conflict, match=name) as error:
        handle(alerts.assign, name)
    assert error.value.code == "cannot_search"


def test_rescue_forgets_owner_and_search_but_not_the_log(lane, handle, audited):
    lane.tell(lane.assessed("search", mono_ns=1))
    handle(alerts.acknowledge)
    handle(alerts.assign, "dog team 1")
    lane.tell(lane.assessed("rescue", mono_ns=2))
    alert = lane.alert()
    assert (alert.state, alert.owner, alert.assigned_to) == (AlertState.RAISED, "", "")
    [entry] = audited("alert_raised_again")
    assert entry.detail["before"]["assigned_to"] == "dog team 1"


def test_each_alarm_is_on_record(lane, handle, rows):
    lane.tell(lane.assessed("search", mono_ns=1))
    lane.tell(lane.assessed("search", mono_ns=2))  # more of the same alarms nobody
    handle(alerts.acknowledge)
    lane.tell(lane.assessed("rescue", mono_ns=3), now_ms=lane.now_ms + 7)
    found = rows("SELECT alert_id, lane_id, level, utc_ms FROM alarms ORDER BY sequence")
    alert = lane.alert()
    assert found == [
        (alert.id, lane.id, "search", lane.now_ms),
        (alert.id, lane.id, "rescue", lane.now_ms + 7),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "people_found", "people": 3, "conditions": {"well": 2}},
        {"kind": "nothing_found", "conditions": {"well": 1}},
        {"kind": "nothing_found", "safeguarding_referral": True},
        {"kind": "people_found", "people": 1, "safeguarding_reference": "R-17"},
    ],
)
def test_outcome_that_contradicts_itself_is_refused(wrong):
    with pytest.raises(ValueError, match=r"people|referral"):
        OutcomeRequest.model_validate(wrong)
