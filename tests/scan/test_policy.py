"""The policy: what is shipped, and what is refused."""

from __future__ import annotations

import math

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


FERRY = {"reefer": {"prior": 0.01, "profiles": {"night ferry": 0.05, "7-up": 0.5, 40 * "a": 0.001}}}


def test_no_profile_is_shipped_and_none_is_written():
    policy = make_policy({})
    assert all(demands.profiles == {} for demands in policy.values())
    assert all("profiles" not in table for table in policy_tables(policy).values())
    assert policy_hash(make_policy({"reefer": {"profiles": {}}})) == policy_hash(policy)


def test_profiles_round_trip_and_are_in_the_hash():
    policy = make_policy(FERRY)
    assert make_policy(policy_tables(policy)) == policy
    assert "profiles" not in policy_tables(policy)["tanker"]
    other = make_policy({"reefer": {"profiles": {**FERRY["reefer"]["profiles"], "7-up": 0.4}}})
    assert len({policy_hash(one) for one in (policy, other, make_policy({}))}) == 3
    assert hash(policy[VehicleClass.REEFER]) is not None


def test_the_prior_is_that_of_the_profile_and_else_of_the_class():
    reefer = make_policy(FERRY)[VehicleClass.REEFER]
    assert reefer.prior_of() == reefer.prior_of("day ferry") == reefer.prior == 0.01
    assert reefer.prior_of("night ferry") == 0.05
    assert reefer.prior_log_odds() == reefer.prior_log_odds("") == pytest.approx(math.log(1 / 99))
    assert reefer.prior_log_odds("night ferry") == pytest.approx(math.log(5 / 95))
    assert reefer.prior_log_odds("7-up") == 0.0
    assert make_policy(FERRY)[VehicleClass.TANKER].prior_of("night ferry") == 0.005


@pytest.mark.parametrize(
    ("tables", "named"),
    [
        ({"reefer": {"serch_llr": 4.0}}, "serch_llr"),
        ({"reefer": {"no_indication_llr": 2.0}}, "no_indication_llr"),
        ({"reefer": {"required": ["smell"]}}, "smell"),
        ({"lorry": {"prior": 0.1}}, "lorry"),
        ({"reefer": {"profiles": {"Night ferry": 0.1}}}, r"policy\.reefer\.profiles\.Night ferry: "),
        ({"reefer": {"profiles": {" ferry": 0.1}}}, r"profiles\. ferry: "),
        ({"reefer": {"profiles": {"": 0.1}}}, r"policy\.reefer\.profiles\.: "),
        ({"reefer": {"profiles": {41 * "a": 0.1}}}, 41 * "a"),
        ({"reefer": {"profiles": {"ferry\n": 0.1}}}, "ferry"),
        ({"reefer": {"profiles": {"ferry": 0.0}}}, r"profiles\.ferry: .* greater than 0"),
        ({"reefer": {"profiles": {"ferry": 1.0}}}, r"profiles\.ferry: .* less than 1"),
        ({"reefer": {"profiles": {"ferry": math.nan}}}, r"profiles\.ferry"),
        ({"reefer": {"profiles": {"ferry": "often"}}}, r"profiles\.ferry"),
        ({"reefer": {"profiles": ["ferry"]}}, r"policy\.reefer\.profiles"),
        ({"reefer": {"profiles": {f"p{n}": 0.1 for n in range(101)}}}, "at most 100"),
    ],
)
def test_faults_are_named(tables, named):
    with pytest.raises(ConfigError, match=named):
        make_policy(tables)
