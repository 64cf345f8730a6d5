"""Hand-overs: what is open is signed by two, and changes hands."""

from __future__ import annotations

import pytest

from service.handover_resources import HandoverRequest, HandoverState
from service.store import alerts, erasing, handovers
from service.store.errors import Conflict, NotFound

NOTHING = HandoverRequest()


@pytest.fixture
def begun(lane, handle):
    """Give a hand-over by anna, who owns an alert that carries a note."""
    lane.tell(lane.opened())
    lane.tell(lane.assessed("search"))
    handle(alerts.acknowledge, by="anna")
    request = HandoverRequest(note="the ferry is late", notes={lane.alert().id: "doors are frozen"})
    with lane.database.writing() as c:
        return handovers.begin(c, request, "anna", lane.now_ms)


@pytest.fixture
def sign(lane):
    """Give a function that signs."""

    def act(handover, by="bert", digest=None):
        with lane.database.writing() as c:
            return handovers.sign(c, handover.id, digest or handover.digest, by, lane.now_ms + 1)

    return act


def refused(code):
    return pytest.raises(Conflict, check=lambda error: error.code == code)


def test_it_lists_open_alerts_and_scans_with_notes(lane, begun):
    assert [(item.kind, item.id, item.note) for item in begun.items] == [
        ("alert", lane.alert().id, "doors are frozen"),
        ("scan", lane.scan, ""),
    ]
    assert (begun.state, begun.items) == (HandoverState.OPEN, begun.present)


def test_signing_passes_the_owner_on_and_keeps_who_acknowledged(lane, begun, sign, audited):
    signed = sign(begun)
    alert = lane.alert()
    assert (alert.owner, alert.acknowledged_by) == ("bert", "anna")
    assert (signed.state, signed.incoming, signed.present) == (HandoverState.SIGNED, "bert", begun.present)
    assert [(entry.who, entry.detail["from"]) for entry in audited("alert_taken_over")] == [("bert", "anna")]
    assert [entry.who for entry in audited("handover_begun") + audited("handover_signed")] == ["anna", "bert"]
    assert sign(begun) == signed  # the same again changes nothing


def test_alerts_of_others_stay_theirs(lane, new_lane, begun, sign):
    other = new_lane()
    other.tell(other.assessed("search"))
    with lane.database.writing() as c:
        alerts.acknowledge(c, other.alert().id, "carl", lane.now_ms)
        shown = handovers.get(c, begun.id).digest
    sign(begun, digest=shown)
    assert other.alert().owner == "carl"


def test_what_changed_in_between_must_be_seen(lane, handle, begun, sign):
    handle(alerts.assign, "dog team")
    with refused("handover_changed"):
        sign(begun)
    with lane.database.reading() as c:
        now = handovers.get(c, begun.id)
    assert [item.assigned_to for item in now.present][:1] == ["dog team"]
    assert now.items == begun.items
    assert sign(now).present == now.present


def test_evidence_that_changes_nothing_to_take_over_does_not_refuse(lane, begun, sign):
    lane.tell(lane.assessed("search", mono_ns=9))
    assert sign(begun).state is HandoverState.SIGNED


def test_it_takes_two(begun, sign):
    with refused("handover_own"):
        sign(begun, by="anna")


def test_a_third_comes_too_late(begun, sign):
    sign(begun)
    with refused("handover_signed"):
        sign(begun, by="carl")


def test_the_next_one_replaces_it(lane, begun, sign):
    with lane.database.writing() as c:
        again = handovers.begin(c, NOTHING, "anna", lane.now_ms + 1)
    with refused("handover_replaced"):
        sign(begun)
    with lane.database.reading() as c:
        assert [each.id for each in handovers.listed(c, None, 10)] == [again.id, begun.id]
        assert [each.id for each in handovers.listed(c, again.id, 10)] == [begun.id]
        with pytest.raises(NotFound):
            handovers.get(c, "nothing")


def test_a_note_on_nothing_is_refused(lane):
    with lane.database.writing() as c, refused("not_open"):
        handovers.begin(c, HandoverRequest(notes={"nothing": "?"}), "anna", lane.now_ms)


def test_erasing_a_scan_takes_names_and_notes_out(lane, begun, sign):
    sign(begun)
    lane.tell(lane.closed())
    with lane.database.writing() as c:
        erasing.erase(c, erasing.about(c, [lane.scan]), "chief", "art. 17", lane.now_ms)
    with lane.database.reading() as c:
        kept = handovers.get(c, begun.id)
    assert {(item.owner, item.note) for item in [*kept.items, *kept.present]} == {("", "")}
    assert (kept.outgoing, kept.incoming) == ("anna", "bert")
