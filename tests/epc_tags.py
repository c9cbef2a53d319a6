"""EPC tags for laws: any tag of any scheme, and the worked examples of the standard.

Public names: VECTORS, GS1_TEXT, digits, tags, things, partitions.
"""

from __future__ import annotations

from hypothesis import strategies as st

from rfid.epc.bits import holds, shortest_method
from rfid.epc.gs1 import KEYS
from rfid.epc.identity import DateKind, Epc, EpcTag, Kind, Method, PriorityDate, Scheme
from rfid.epc.schemes import ROWS, Form, General, Partitioned, Plus, Row

# TDS 2.3, annex E.3: scheme, hexadecimal, element string, pure identity. The annex prints '+' schemes without the zeros
# that fill the last word. GS1 Digital Link and tag URI follow from the rules that the laws check.
VECTORS = [
    ("SGTIN-96", "3066C4409047E140075BCD15", "(01)09506000134352(21)123456789", "sgtin:95060001343.05.123456789"),
    (
        "SGTIN-198",
        "3666C4409047E159B2C2BF100000000000000000000000000000",
        "(01)09506000134352(21)32a/b",
        "sgtin:95060001343.05.32a%2Fb",
    ),
    ("SGTIN+", "F73795211411234538566CB0AFC4", "(01)79521141123453(21)32a/b", None),
    ("DSGTIN+", "FB342CDE795211411234538566CB0AFC4", "(01)79521141123453(21)32a/b(17)220630", None),
    ("SSCC-96", "311BA1B300CE0A6A83000000", "(00)095201234567891235", "sscc:952012.03456789123"),
    ("SSCC+", "F90095201234567891235", "(00)095201234567891235", None),
    ("SGLN-96", "3276451FD46072000000162E", "(414)9521141123454(254)5678", "sgln:9521141.12345.5678"),
    (
        "SGLN-195",
        "3976451FD46072CD9615F8800000000000000000000000000000",
        "(414)9521141123454(254)32a/b",
        "sgln:9521141.12345.32a%2Fb",
    ),
    ("SGLN+", "F2395211411234548566CB0AFC4", "(414)9521141123454(254)32a/b", None),
    ("GRAI-96", "3376451FD40C0E400000162E", "(8003)095211411234545678", "grai:9521141.12345.5678"),
    (
        "GRAI-170",
        "3776451FD40C0E59B2C2BF1000000000000000000000",
        "(8003)0952114112345432a/b",
        "grai:9521141.12345.32a%2Fb",
    ),
    ("GRAI+", "F13095211411234548566CB0AFC4", "(8003)0952114112345432a/b", None),
    ("GIAI-96", "3476451FD40000000000162E", "(8004)95211415678", "giai:9521141.5678"),
    (
        "GIAI-202",
        "3876451FD59B2C2BF10000000000000000000000000000000000",
        "(8004)952114132a/b",
        "giai:9521141.32a%2Fb",
    ),
    ("GIAI+", "FA3952114132E83C2BF10", "(8004)952114132a/b", None),
    ("GSRN-96", "2D76451FD4499602D2000000", "(8018)952114112345678906", "gsrn:9521141.1234567890"),
    ("GSRN+", "F43952114112345678906", "(8018)952114112345678906", None),
    ("GSRNP-96", "2E76451FD4499602D2000000", "(8017)952114112345678906", "gsrnp:9521141.1234567890"),
    ("GSRNP+", "F53952114112345678906", "(8017)952114112345678906", None),
    ("GDTI-96", "2C76451FD46072000000162E", "(253)95211411234545678", "gdti:9521141.12345.5678"),
    (
        "GDTI-174",
        "3E76451FD7039B061438997367D0C18B266D1AB66EE0",
        "(253)9521141987650ABCDefgh012345678",
        "gdti:9521141.98765.ABCDefgh012345678",
    ),
    ("GDTI+", "F6395211411234540458B8", "(253)95211411234545678", None),
    ("CPI-96", "3C76451FD400C0E680003039", "(8010)952114198765(8011)12345", "cpi:9521141.98765.12345"),
    (
        "CPI-var",
        "3D76451FD75411DEF6B4CC00000003039000",
        "(8010)95211415PQ7/Z43(8011)12345",
        "cpi:9521141.5PQ7%2FZ43.12345",
    ),
    ("CPI+", "F0395211415E87A145BAFB4D19A8C0E4", "(8010)95211415PQ7/Z43(8011)12345", None),
    ("SGCN-96", "3F76451FD612640000019907", "(255)952114167890904711", "sgcn:9521141.67890.04711"),
    ("SGCN+", "F839521141678909509338", "(255)952114167890904711", None),
    (
        "ITIP-110",
        "4076451FD40C0E40820000000F54",
        "(8006)095211411234540102(21)981",
        "itip:9521141.012345.01.02.981",
    ),
    (
        "ITIP-212",
        "4176451FD40C0E4082DBDD8B36600000000000000000000000000000",
        "(8006)095211411234540102(21)mw133",
        "itip:9521141.012345.01.02.mw133",
    ),
    ("ITIP+", "F3309521141123454010266AE27FDF35", "(8006)095211411234540102(21)rif981", None),
    ("GID-96", "3500E86F8000A9E000000586", None, "gid:952056.2718.1414"),
]

GS1_TEXT = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
_PART_TEXT = "#-/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def digits(length: int) -> st.SearchStrategy[str]:
    """Numbers with leading zeros, and both extremes."""
    extremes = st.sampled_from(["0" * length, "9" * length])
    return st.one_of(extremes, st.text("0123456789", min_size=length, max_size=length))


def partitions() -> list[tuple[Scheme, int]]:
    """Every scheme with partitions, and each of its partitions."""
    return [(scheme, at) for scheme, row in ROWS.items() if isinstance(row, Partitioned) for at in range(7)]


def _integers(limit: int) -> st.SearchStrategy[str]:
    return st.one_of(st.sampled_from([0, 1, limit]), st.integers(0, limit)).map(str)


def _texts(alphabet: str, longest: int) -> st.SearchStrategy[str]:
    """Also of one class of characters, so that each encoding of '+' schemes has its turn."""
    classes = ("0123456789", "0123456789ABCDEF", "0123456789abcdef", "ABCXYZ-.:09", "Az09-", alphabet[-1])
    own = ["".join(char for char in chars if char in alphabet) for chars in classes]
    return st.one_of(*(st.text(chars, min_size=1, max_size=longest) for chars in (alphabet, *own)))


def _serials(row: Row) -> st.SearchStrategy[str]:
    key = KEYS[row.kind]
    if isinstance(row, Partitioned) and row.serial_form is Form.INTEGER:
        return _integers(min(2**row.serial_bits, 10**key.serial_max) - 1)
    match row.kind:
        case Kind.SGCN:
            return st.integers(1, 12).flatmap(digits)
        case Kind.CPI:
            return _integers(10**12 - 1)
        case _:
            return _texts(GS1_TEXT, key.serial_max) if key.serial_max else st.just("")


@st.composite
def _epcs(draw: st.DrawFn, row: Row) -> Epc:
    if isinstance(row, General):
        return Epc(row.kind, *(draw(_integers(2**width - 1)) for width in row.widths))
    key = KEYS[row.kind]
    prefix = draw(digits(draw(st.integers(6, 12))))
    if isinstance(row, Partitioned) and row.reference_form is Form.INTEGER:
        partition = 12 - len(prefix)
        reference = draw(_integers(min(2 ** row.reference_bits[partition], 10 ** row.reference_digits[partition]) - 1))
    elif key.free:
        reference = draw(_texts(_PART_TEXT if row.kind is Kind.CPI else GS1_TEXT, 30 - len(prefix)))
    else:
        reference = draw(digits(key.digits - len(prefix)))
    pieces = ""
    if key.pieces:
        total = draw(st.integers(1, 99))
        pieces = f"{draw(st.integers(1, total)):02}{total:02}"
    serial = draw(_serials(row))
    if isinstance(row, Plus):  # such a tag does not know how long the prefix is
        inner = int(key.inner)
        return Epc(row.kind, "", reference[:inner] + prefix + reference[inner:], serial, pieces)
    return Epc(row.kind, prefix, reference, serial, pieces)


_DATES = st.dates().map(lambda date: f"{date.year % 100:02}{date.month:02}{min(date.day, 28):02}")


@st.composite
def tags(draw: st.DrawFn, scheme: Scheme) -> EpcTag:
    """As ``decode`` gives them, but +AIDC data may end before the memory does."""
    row = ROWS[scheme]
    epc = draw(_epcs(row))
    if isinstance(row, General):
        return EpcTag(scheme, 0, epc)
    filter_value = draw(st.integers(0, 7))
    if isinstance(row, Partitioned):
        return EpcTag(scheme, filter_value, epc)
    date = PriorityDate(draw(st.sampled_from(DateKind)), draw(_DATES)) if row.dated else None
    aidc = draw(st.none() | st.text("01", max_size=64))
    text = EpcTag(scheme, filter_value, epc, date).variable_text()
    others = [method for method in Method if text and holds(method, text) and method is not shortest_method(text)]
    return EpcTag(scheme, filter_value, epc, date, aidc, draw(st.sampled_from([None, *others])))


@st.composite
def things(draw: st.DrawFn) -> Epc:
    """Whatever has a name, also with serials that only the longest schemes can hold."""
    longest = [Scheme.SGTIN_198, Scheme.SSCC_96, Scheme.SGLN_195, Scheme.GRAI_170, Scheme.GIAI_202, Scheme.GSRN_96]
    longest += [Scheme.GSRNP_96, Scheme.GDTI_174, Scheme.CPI_VAR, Scheme.SGCN_96, Scheme.ITIP_212, Scheme.GID_96]
    return draw(_epcs(ROWS[draw(st.sampled_from(longest))]))
