"""``[service]`` of a lane's configuration: what is refused, with which mend."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.api import ConfigError
from scanner.lane.config import load_lane_config
from scanner.lane.service_address import TOKEN_VARIABLE

LANE = """config_version = 1
[lane]
id = "x"
data_dir = "data"
[[device]]
name = "co2-inside"
driver = "vaisala-gmp252"
role = "inside"
[device.config]
url = "/dev/ttyNONE"
"""


@pytest.fixture(autouse=True)
def no_token_from_outside(monkeypatch):
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)


def write(folder: Path, service: str) -> Path:
    file = folder / "lane.toml"
    file.write_text(LANE + service, encoding="utf-8")
    (folder / "lane.token").write_text("abc-DEF_123\n", encoding="utf-8")
    return file


def test_a_lane_without_a_service_works_alone(tmp_path):
    assert load_lane_config(write(tmp_path, "")).service is None


def test_a_sound_service(tmp_path, monkeypatch):
    table = '[service]\nurl = "https://booth.example:8443/"\ntoken_file = "lane.token"\n'
    service = load_lane_config(write(tmp_path, table)).service
    assert service is not None
    assert (service.url, service.token, service.ca) == ("https://booth.example:8443", "abc-DEF_123", None)
    assert "abc" not in repr(service)
    monkeypatch.setenv(TOKEN_VARIABLE, "from-the-environment")
    again = load_lane_config(write(tmp_path, '[service]\nurl = "http://127.0.0.1:8080"\n')).service
    assert again is not None
    assert again.token == "from-the-environment"


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "https://a:1"])
def test_addresses_that_are_safe(tmp_path, url):
    assert load_lane_config(write(tmp_path, f'[service]\nurl = "{url}"\ntoken_file = "lane.token"\n')).service


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ('url = "https://a"', ["token", "token_file", TOKEN_VARIABLE, "lanes add"]),
        ('url = "https://a"\ntoken_file = "none"', ["token_file", "none", "cannot be read", "lanes add"]),
        ('url = "https://a"\ntoken_file = "lane.toml"', ["holds no token", "lanes add"]),
        ('url = "http://booth.example"\ntoken_file = "lane.token"', ["unprotected", "https"]),
        ('url = "http://192.0.2.1"\ntoken_file = "lane.token"', ["unprotected", "--self-signed"]),
        ('url = "http://127.0.0.1.example"\ntoken_file = "lane.token"', ["unprotected"]),
        ('url = "http://localhost@192.0.2.1"\ntoken_file = "lane.token"', ["no address"]),
        ('url = "booth.example"\ntoken_file = "lane.token"', ["no address", "https://"]),
        ('url = "ftp://booth"\ntoken_file = "lane.token"', ["no address"]),
        ('url = "https://[broken"\ntoken_file = "lane.token"', ["no address"]),
        ('url = "https://a:99999"\ntoken_file = "lane.token"', ["no address"]),
        (
            'url = "https://a"\ntoken_file = "lane.token"\nca = "none.pem"',
            ["ca", "none.pem", "cannot be read"],
        ),
        ('url = "https://a"\ntoken_file = "lane.token"\nca = "lane.toml"', ["ca", "PEM"]),
        ('token_file = "lane.token"', ["service.url", "missing"]),
        ('url = "https://a"\ntokenfile = "x"', ["tokenfile", "unknown key"]),
    ],
)
def test_a_service_that_cannot_be_used(tmp_path, table, says):
    file = write(tmp_path, f"[service]\n{table}\n")
    with pytest.raises(ConfigError) as refused:
        load_lane_config(file)
    for word in (str(file), *says):
        assert word in str(refused.value)
