"""The certificate that the service signs itself: kept while it serves, made anew when it does not."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509

from service.api.tls import VALID, self_signed


def loaded(path: Path) -> x509.Certificate:
    """Read a certificate."""
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_names_this_machine_and_the_address_asked_for(tmp_path: Path) -> None:
    files = self_signed(tmp_path, "192.0.2.7")
    certificate = loaded(files.certificate)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = names.get_values_for_type(x509.IPAddress)
    assert {ipaddress.ip_address(each) for each in ("192.0.2.7", "127.0.0.1", "::1")} <= set(addresses)
    assert "localhost" in names.get_values_for_type(x509.DNSName)
    basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert not basic.ca, "who trusts it trusts this service alone"
    assert stat.S_IMODE(files.key.stat().st_mode) == 0o600
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(files.certificate, files.key)


def test_is_kept_until_it_expires(tmp_path: Path) -> None:
    files = self_signed(tmp_path, "localhost")
    first = files.certificate.read_bytes()
    assert self_signed(tmp_path, "0.0.0.0").certificate.read_bytes() == first
    later = datetime.datetime.now(datetime.UTC) + VALID - datetime.timedelta(days=2)
    assert self_signed(tmp_path, "localhost", later).certificate.read_bytes() == first
    after = later + datetime.timedelta(days=3)
    assert self_signed(tmp_path, "localhost", after).certificate.read_bytes() != first
    assert (
        loaded(files.certificate).not_valid_before_utc < after < loaded(files.certificate).not_valid_after_utc
    )


def test_is_made_anew_for_a_name_it_lacks(tmp_path: Path) -> None:
    first = self_signed(tmp_path, "127.0.0.1").certificate.read_bytes()
    assert self_signed(tmp_path, "booth.example").certificate.read_bytes() != first


@pytest.mark.parametrize("spoilt", ["certificate.pem", "key.pem"])
def test_is_made_anew_when_a_file_is_spoilt(tmp_path: Path, spoilt: str) -> None:
    files = self_signed(tmp_path, "localhost")
    (tmp_path / "tls" / spoilt).write_text("cut off")
    files = self_signed(tmp_path, "localhost")
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(files.certificate, files.key)


def test_fingerprint_is_the_one_browsers_show(tmp_path: Path) -> None:
    files = self_signed(tmp_path, "localhost")
    der = ssl.PEM_cert_to_DER_cert(files.certificate.read_text())
    assert files.fingerprint().replace(":", "").lower() == hashlib.sha256(der).hexdigest()
