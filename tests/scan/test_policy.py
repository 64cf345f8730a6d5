"""The policy: what is shipped, and what is refused."""

from __future__ import annotations

import pytest

from drivers.api import ConfigError
from scanner.policy import make_policy, policy_hash, policy_tables
from scanner.vehicle import VehicleClass


def test_every_vehicle_class_has_demands():
    assert set(make_policy({})) == set(VehicleClass)


def test_tables_round_trip():
    policy = make_policy({"reefer": {"time_limit_s": 90.0}})
    assert policy[VehicleClass.REEFER].time_limit_s == 90.0
    assert make_policy(policy_tables(policy)) == policy
    assert policy_hash(policy) != policy_hash(make_policy({}))


@pytest.mark.parametrize(
    ("tables", "named"),
    [
        ({"reefer": {"serch_llr": 4.0}}, "serch_llr"),
        ({"reefer": {"no_indication_llr": 2.0}}, "no_indication_llr"),
        ({"reefer": {"required": ["smell"]}}, "smell"),
        ({"lorry": {"prior": 0.1}}, "lorry"),
    ],
)
def test_faults_are_named(tables, named):
    with pytest.raises(ConfigError, match=named):
        make_policy(tables)
