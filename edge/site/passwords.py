"""How passwords and other secrets are stored, and how long an account takes none after wrong ones.

Public names: hasher, verified, nobodys, hashed, one_time, locked_for_us, LEAST_PASSWORD, MOST_PASSWORD.

Source: RFC 9106 (Argon2), 4.
"""

from __future__ import annotations

import hashlib
import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

LEAST_PASSWORD, MOST_PASSWORD = 10, 256
_TRIES = 5
_FIRST_US, _LONGEST_US = 15_000_000, 900_000_000


def hashed(secret: str) -> str:
    """What is stored of a long random secret."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def locked_for_us(fails: int) -> int:
    """How long an account takes no password after so many wrong ones: each time twice as long, up to 15 minutes."""
    return 0 if fails < _TRIES else min(_LONGEST_US, _FIRST_US << min(fails - _TRIES, 10))


@cache
def hasher() -> PasswordHasher:
    """Argon2id as the library advises it."""
    return PasswordHasher()


@cache
def nobodys() -> str:
    """What a password is compared with that is nobody's, so that it takes as long."""
    return hasher().hash(secrets.token_urlsafe(16))


def verified(stored: str, password: str) -> bool:
    """Whether it is the password; slow."""
    try:
        return hasher().verify(stored, password[:MOST_PASSWORD])
    except (VerifyMismatchError, InvalidHashError):
        return False


def one_time() -> str:
    """A password for one sign-in, as people read it from a screen."""
    text = secrets.token_hex(8)
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))
