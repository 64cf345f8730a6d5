"""``[alerts]`` of the service's file: what is left out stays as long as its level needs."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from service.config.alerts_table import AlertsTable


def test_one_key_of_a_rescue_leaves_the_others_as_they_are():
    given = AlertsTable.model_validate({"rescue": {"acknowledge_s": 20}})
    assert given.rescue == AlertsTable().rescue.model_copy(update={"acknowledge_s": 20})


def test_unknown_key_of_a_rescue_is_refused():
    with pytest.raises(ValidationError, match=r"rescue\.acknowledged_s"):
        AlertsTable.model_validate({"rescue": {"acknowledged_s": 20}})
