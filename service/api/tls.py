"""A certificate that the service signs itself, to start with on a network."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import os
import socket
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

FOLDER = "tls"
VALID = datetime.timedelta(days=397)  # browsers refuse certificates that are valid for longer
RENEW_BEFORE = datetime.timedelta(days=1)
ANY_ADDRESS = ("0.0.0.0", "::", "")
_NOWHERE = ("192.0.2.1", 9)  # RFC 5737; connecting a datagram socket sends nothing


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """A certificate and its key, both PEM."""

    certificate: Path
    key: Path

    def fingerprint(self) -> str:
        """Return the SHA-256 of the certificate as browsers show it."""
        loaded = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        return loaded.fingerprint(hashes.SHA256()).hex(":").upper()


def self_signed(data: Path, host: str, now: datetime.datetime | None = None) -> TlsFiles:
    """Return the certificate in a data folder; made anew when there is none that serves ``host`` today.

    It names this machine and its addresses. Lanes and browsers trust the file, so it is kept as long
    as it serves.

    Raises
    ------
    OSError : the folder cannot be written.
    """
    now = now or datetime.datetime.now(datetime.UTC)
    folder = data / FOLDER
    files = TlsFiles(folder / "certificate.pem", folder / "key.pem")
    if not _serves(files, host, now):
        folder.mkdir(parents=True, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(key, host, now)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        _write(files.key, pem)
        _write(files.certificate, certificate.public_bytes(serialization.Encoding.PEM))
    return files


def _serves(files: TlsFiles, host: str, now: datetime.datetime) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
        key = serialization.load_pem_private_key(files.key.read_bytes(), None)
    except (OSError, ValueError):
        return False
    named = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return (
        certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - RENEW_BEFORE
        and certificate.public_key() == key.public_key()
        and (host in ANY_ADDRESS or _general_name(host) in named)
    )


def _certificate(key: ec.EllipticCurvePrivateKey, host: str, now: datetime.datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, socket.gethostname()[:64] or "lorryscan")])
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))  # clocks of booths differ a little
        .not_valid_after(now + VALID)
        .add_extension(x509.SubjectAlternativeName([_general_name(each) for each in _names(host)]), False)
        # no authority: whoever trusts this file trusts this one service
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        .add_extension(usage, True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .sign(key, hashes.SHA256())
    )


def _names(host: str) -> list[str]:
    """Return what browsers may call this machine."""
    names = [] if host in ANY_ADDRESS else [host]
    names += ["localhost", "127.0.0.1", "::1", socket.gethostname(), socket.getfqdn()]
    with contextlib.suppress(OSError):  # a machine whose own name does not resolve
        names += [str(found[4][0]).split("%")[0] for found in socket.getaddrinfo(socket.gethostname(), None)]
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe,
        contextlib.suppress(OSError),  # no network
    ):
        probe.connect(_NOWHERE)
        names.append(probe.getsockname()[0])
    return [name for name in dict.fromkeys(names) if name and name.isascii()]


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write(path: Path, data: bytes) -> None:
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
