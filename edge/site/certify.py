"""`lanewise site cert`: a certificate authority of the site's own, and the certificate that its api shows.

Public names: add_cert_arguments, cert.

For a network of the line alone, where no public authority can look. Browsers and tablets are given `ca.pem` once; the
certificate is made anew by the same command, and a running api shows it within seconds.

Source: RFC 5280; CA/Browser Forum, Baseline Requirements, 6.3.2 (398 days).
"""

from __future__ import annotations

import argparse
import os
import secrets
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edge.config.load import load_site
from edge.journal.host_time import now_us
from edge.site.engine import StoreError

_AUTHORITY_DAYS, _DAYS = 3_650, 397
_ALWAYS = ("localhost", "127.0.0.1", "::1")
_SKEW = timedelta(hours=1)
"""Clocks of tablets are late: so much before now it is valid already."""


def add_cert_arguments(made: argparse.ArgumentParser) -> None:
    """The arguments of `lanewise site cert`."""
    made.set_defaults(command=cert)
    made.add_argument("config", type=Path, metavar="SITE.toml")
    made.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="NAME",
        help="by which others call this machine: a name or an address",
    )
    made.add_argument("--folder", type=Path, metavar="DIR", help="where it is kept (default: tls, beside SITE.toml)")
    made.add_argument("--days", type=int, default=_DAYS, metavar="N", help=f"how long it is valid (default: {_DAYS})")
    made.add_argument("--show", action="store_true", help="make nothing; status 1 = it ends within 30 days, or is none")


def cert(arguments: argparse.Namespace) -> int:
    """Makes what is missing, in `tls` beside SITE.toml or as told. Raises ConfigError, OSError, StoreError."""
    config = load_site(arguments.config)
    folder = arguments.folder or arguments.config.absolute().parent / "tls"
    now = datetime.fromtimestamp(now_us() / 1e6, UTC)
    if arguments.show:
        named = config.tls.certificate if config.tls and arguments.folder is None else None
        return _show(named or folder / "site.pem", now)
    folder.mkdir(mode=0o750, exist_ok=True)
    authority, key = _authority(folder, config.site, now)
    names = list(dict.fromkeys([*arguments.name, *_ALWAYS]))
    made, ends = _certificate(folder, authority, key, names, now, arguments.days)
    print(f"{made}: for {', '.join(names)}, valid until {ends:%Y-%m-%d}")
    if config.tls is None and arguments.folder is None:
        print(f"Put into {arguments.config}, and start lanewise api anew:\n")
        print('[tls]\ncertificate = "tls/site.pem"\nkey = "tls/site.key"\nca = "tls/ca.pem"\n')
    print(f"Whoever asks must trust {folder / 'ca.pem'}; keep {folder / 'ca.key'} where only root reads it.")
    return 0


def _show(path: Path, now: datetime) -> int:
    try:
        ends = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    except OSError as error:
        print(f"{path}: {error.strerror}")
        return 1
    except ValueError:
        print(f"{path}: no certificate in PEM")
        return 1
    print(f"{path}: valid until {ends:%Y-%m-%d}")
    return int(ends < now + timedelta(days=30))


def _authority(folder: Path, site: str, now: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """The one that is there, or a new one."""
    its, key_file = folder / "ca.pem", folder / "ca.key"
    if key_file.exists():
        key = serialization.load_pem_private_key(key_file.read_bytes(), None)
        authority = x509.load_pem_x509_certificate(its.read_bytes())
        if not isinstance(key, ec.EllipticCurvePrivateKey) or authority.public_key() != key.public_key():
            raise StoreError(f"{key_file}: does not belong to {its}: move both away for a new authority")
        return authority, key
    made = ec.generate_private_key(ec.SECP256R1())
    # A name of its own: a device that trusted an earlier authority of this site must not take this one for it.
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Lanewise {site} {secrets.token_hex(4)}")])
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    authority = (
        _begun(name, name, made.public_key(), now, _AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(made.public_key()), critical=False)
        .sign(made, hashes.SHA256())
    )
    _written(key_file, _pem(made), 0o600)
    _written(its, authority.public_bytes(serialization.Encoding.PEM), 0o644)
    return authority, made


def _certificate(
    folder: Path,
    authority: x509.Certificate,
    signs: ec.EllipticCurvePrivateKey,
    names: list[str],
    now: datetime,
    days: int,
) -> tuple[Path, datetime]:
    made = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(signs.public_key())
    signed = (
        _begun(subject, authority.subject, made.public_key(), now, days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([_name(one) for one in names]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(issuer, critical=False)
        .sign(signs, hashes.SHA256())
    )
    # The key first: a pair that does not fit is not taken by an api that looks in between.
    _written(folder / "site.key", _pem(made), 0o640)
    _written(folder / "site.pem", signed.public_bytes(serialization.Encoding.PEM), 0o644)
    return folder / "site.pem", signed.not_valid_after_utc


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    begun = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    begun = begun.serial_number(x509.random_serial_number())
    return begun.not_valid_before(now - _SKEW).not_valid_after(now + timedelta(days=days))


def _name(given: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(given))
    except ValueError:
        pass
    try:
        return x509.DNSName(given)
    except ValueError:
        raise StoreError(f"--name: {given!r}: neither an address nor a name in ASCII") from None


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _written(path: Path, body: bytes, mode: int) -> None:
    """Whole or not at all; for the owner of the folder it lies in, where we are root."""
    half = path.with_name(f"{path.name}.unfinished")
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(body)
        os.fchmod(file.fileno(), mode)
    half.replace(path)
