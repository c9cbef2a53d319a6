"""A copy of a LINE.toml whose every device is on this machine, so that the simulated floor can stand in for it.

Public names: HomeCopy, at_home, free_ports.

Addresses, security and logins are replaced, what reaches others (publishers, OPC UA server, metrics) is left out, and
the journal and the store are new ones beside the copy. Lines, doors, points, alarms and [sim] stay word for word.
"""

from __future__ import annotations

import json
import re
import socket
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from edge.config.lines import LineConfig
from edge.config.load import load_table

_HOME = "127.0.0.1"
_PORTS = range(16_001, 20_000)
_LEFT_OUT = ("opcua_server", "publish", "publish_state", "metrics")
_SECURITY = ("ca", "certificate", "key", "server_name", "user", "password_file", "token_file", "plain", "transport")
_SERIAL = ("baud", "parity", "stop_bits")
_BARE = re.compile(r"[A-Za-z0-9_-]+")

_Table = dict[str, Any]


@dataclass(frozen=True, slots=True)
class HomeCopy:
    """Texts of both files; ``changed``: what is otherwise than in the file, a phrase for each device."""

    line: str
    site: str
    changed: tuple[str, ...]


def free_ports() -> Iterator[int]:
    """Ports of this machine on which nobody listens now."""
    for port in _PORTS:
        with suppress(OSError):
            socket.create_server((_HOME, port)).close()
            yield port


def at_home(path: Path, ports: Iterator[int], site_port: int) -> HomeCopy:
    """The copy. Raises ConfigError for a file that is no LINE.toml; the files that it names need not be there."""
    load_table(path, LineConfig)
    raw: _Table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    folder = path.resolve().parent
    changed = [f"{key}: left out" for key in _LEFT_OUT if raw.pop(key, None) is not None]
    if raw.get("sim", {}).pop("shop", None) is not None:
        changed.append("sim.shop: left out, it needs its own SITE.toml")
    raw |= {"journal": "var/journal.sqlite", "store": "sqlite:///var/site.sqlite"}
    for kind, homely in (("plc", _plc), ("reader", _reader)):
        for name, table in raw.get(kind, {}).items():
            moved, what = homely(dict(table), ports)
            for key in ("points", "cards"):
                if key in moved:
                    moved[key] = str(folder / moved[key])
            raw[kind][name] = moved
            changed.append(f"{kind}.{name}: {what}")
    site = {"site": raw["site"], "store": raw["store"], "listen": f"{_HOME}:{site_port}"}
    head = f"# Made of {path.name} for the simulated floor: every device is on this machine.\n"
    return HomeCopy(
        head + "".join(_written(raw)),
        head + "".join(_written({**site, "controller": [{"config": "LINE.toml"}]})),
        tuple(changed),
    )


def _plc(table: _Table, ports: Iterator[int]) -> tuple[_Table, str]:
    packml = ", without its PackML object" if table.pop("packml", None) is not None else ""
    port = next(ports)
    if table.get("driver") == "opcua":
        kept = {key: value for key, value in table.get("opcua", {}).items() if key == "publish_ms"}
        table["opcua"] = {"url": f"opc.tcp://{_HOME}:{port}", "policy": "None", **kept}
        return table, f"{table['opcua']['url']}, without security{packml}"
    rtu = table.get("transport") == "rtu" and table.get("driver") != "remote-io"
    for key in (*_SECURITY, *_SERIAL, "device", "host", "port"):
        table.pop(key, None)
    if rtu:
        return {**table, "transport": "rtu", "device": f"socket://{_HOME}:{port}"}, f"RTU over TCP, port {port}{packml}"
    return {**table, "host": _HOME, "port": port}, f"port {port}{packml}"


def _reader(table: _Table, ports: Iterator[int]) -> tuple[_Table, str]:
    driver = table.get("driver", "llrp")
    return _READERS[driver](table, next(ports))


def _llrp(table: _Table, port: int) -> tuple[_Table, str]:
    return {**_without(table, *_SECURITY), "host": _HOME, "port": port}, f"port {port}"


def _serial(table: _Table, port: int) -> tuple[_Table, str]:
    device = f"socket://{_HOME}:{port}"
    return {**_without(table, "baud"), "driver": "serial", "device": device}, f"behind a serial device server, {device}"


def _mqtt(table: _Table, port: int) -> tuple[_Table, str]:
    kept = _without(table, *_SECURITY, "host", "port", "topics", "qos", "keepalive_s")
    moved = {**kept, "driver": "push-json", "way": "tcp", "listen": f"{_HOME}:{port}"}
    return moved, f"to us by TCP, port {port}, without a broker"


def _http(table: _Table, port: int) -> tuple[_Table, str]:
    parts = urlsplit(table["url"])
    url = f"http://{_HOME}:{port}{parts.path}" + (f"?{parts.query}" if parts.query else "")
    return {**_without(table, *_SECURITY), "url": url}, url


def _push(table: _Table, port: int) -> tuple[_Table, str]:
    return {**_without(table, *_SECURITY, "host"), "listen": f"{_HOME}:{port}"}, f"to us, port {port}"


def _autoid(table: _Table, port: int) -> tuple[_Table, str]:
    kept = {key: value for key, value in table.items() if key == "antennas"}
    return {**kept, "driver": "llrp", "host": _HOME, "port": port}, f"an LLRP reader in its place, port {port}"


def _barcode(table: _Table, port: int) -> tuple[_Table, str]:
    if table.get("listen"):
        return {**table, "host": _HOME, "listen": f"{_HOME}:{port}"}, f"to us, port {port}"
    return {**table, "host": _HOME, "port": port}, f"port {port}"


_READERS: Mapping[str, Callable[[_Table, int], tuple[_Table, str]]] = {
    "llrp": _llrp,
    "serial": _serial,
    "pyrfid": _serial,
    "mqtt-json": _mqtt,
    "http-json": _http,
    "push-json": _push,
    "autoid": _autoid,
    "barcode": _barcode,
}


def _without(table: _Table, *keys: str) -> _Table:
    return {key: value for key, value in table.items() if key not in keys}


# ---- TOML ------------------------------------------------------------------------------------------------------------


def _written(table: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """The table as TOML: its own keys, then the tables in it, each under its path."""
    inner = {key: value for key, value in table.items() if isinstance(value, dict)}
    for key, value in table.items():
        if key not in inner:
            yield f"{_key(key)} = {_value(value)}\n"
    for key, value in inner.items():
        here = f"{path}.{_key(key)}" if path else _key(key)
        yield f"\n[{here}]\n"
        yield from _written(value, here)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return _text(value)
        case list():
            if any(isinstance(one, dict) for one in value):
                return "[\n" + "".join(f"    {_value(one)},\n" for one in value) + "]"
            return f"[{', '.join(map(_value, value))}]"
        case dict():
            return f"{{ {', '.join(f'{_key(key)} = {_value(one)}' for key, one in value.items())} }}"
        case _:
            return str(value)


def _text(text: str) -> str:
    """A basic string of TOML, which spells what JSON spells but DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
