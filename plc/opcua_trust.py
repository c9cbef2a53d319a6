"""Certificates of OPC UA applications: ours is made here, others' are looked up in the folder of those we trust.

Public names: Own, make_own, expires, pair_trouble, trouble_with, TrustList.

Source: OPC 10000-6 1.05, 6.2.2 (application instance certificates); OPC 10000-4 1.05, 6.1.3 (which checks, in order).
"""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from plc.driver import PlcError

APPLICATION_URI = "urn:lanewise:controller"
KEY_BITS = 2048


@dataclass(frozen=True, slots=True)
class Own:
    """Our certificate (DER) and its key (PEM, without password)."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class TrustList:
    """A folder of certificates, DER or PEM: applications that are trusted, and authorities that sign for others."""

    folder: Path

    def certificates(self) -> list[x509.Certificate]:
        """All that can be read; other files are passed over. Raises OSError without the folder."""
        return [one for path in sorted(self.folder.iterdir()) if path.is_file() and (one := _read(path)) is not None]


def make_own(own: Own, host: str, days: int, *, server: bool = False) -> x509.Certificate:
    """Makes key and certificate for the application on ``host``. Raises FileExistsError where one is there."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=KEY_BITS)
    name = x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Lanewise"), x509.NameAttribute(NameOID.COMMON_NAME, host)]
    )
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(APPLICATION_URI), _host(host)])
    use = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=True,
                key_encipherment=True,
                data_encipherment=True,
                key_agreement=False,
                key_cert_sign=True,
                crl_sign=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.ExtendedKeyUsage(use if server else use[1:]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for path, octets, mode in (
        (own.key, secret, 0o600),
        (own.certificate, made.public_bytes(serialization.Encoding.DER), 0o644),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(octets)
    return made


def expires(certificate: Path) -> datetime:
    """When a certificate ends. Raises PlcError where there is none."""
    try:
        found = _read(certificate)
    except OSError as error:
        raise PlcError(f"{certificate}: {error.strerror}") from None
    if found is None:
        raise PlcError(f"{certificate}: no certificate, neither DER nor PEM")
    return found.not_valid_after_utc


def pair_trouble(own: Own) -> str:
    """Why a certificate and its key cannot be used together, with the file; empty = they can, but for their time."""
    try:
        certificate = _read(own.certificate)
        key = serialization.load_pem_private_key(own.key.read_bytes(), None)
    except OSError as error:
        return f"{error.filename}: {error.strerror}"
    except TypeError:
        return f"{own.key}: it has a password, and nobody could give it"
    except (ValueError, UnsupportedAlgorithm):
        return f"{own.key}: no key in PEM"
    if certificate is None:
        return f"{own.certificate}: no certificate, neither DER nor PEM"
    return "" if certificate.public_key() == key.public_key() else f"{own.key}: not the key of {own.certificate}"


def trouble_with(certificate: x509.Certificate, application_uri: str, host: str, trusted: TrustList) -> str:
    """Why a server's certificate is not accepted; empty = it is.

    It, or who signed it, lies in the list; it is valid now; it names the application, and ``host``.
    """
    print_ = certificate.fingerprint(hashes.SHA1()).hex()  # noqa: S303  the name that other tools show for it
    try:
        listed = trusted.certificates()
    except OSError as error:
        return f"trust list {trusted.folder}: {error.strerror}"
    if not any(certificate == one or _signed(certificate, one) for one in listed):
        subject = certificate.subject.rfc4514_string()
        return f"its certificate {print_} ({subject}) is not in the trust list {trusted.folder}"
    now = datetime.now(UTC)
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        return f"its certificate {print_} is valid from {begins:%Y-%m-%d} to {ends:%Y-%m-%d} only"
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return f"its certificate {print_} names no application"
    if application_uri not in names.get_values_for_type(x509.UniformResourceIdentifier):
        return f"its certificate {print_} is not that of application {application_uri}"
    hosts = [name.lower() for name in names.get_values_for_type(x509.DNSName)]
    hosts += [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    if host.lower() not in hosts:
        return f"its certificate {print_} is for {', '.join(hosts) or 'no host'}, not for {host}"
    return ""


def _read(path: Path) -> x509.Certificate | None:
    octets = path.read_bytes()
    try:
        if octets.lstrip().startswith(b"-----BEGIN"):
            return x509.load_pem_x509_certificate(octets)
        return x509.load_der_x509_certificate(octets)
    except ValueError:
        return None


def _signed(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        limits = authority.extensions.get_extension_for_class(x509.BasicConstraints).value
        certificate.verify_directly_issued_by(authority)
    except (x509.ExtensionNotFound, InvalidSignature, ValueError, TypeError):
        return False
    return limits.ca


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
