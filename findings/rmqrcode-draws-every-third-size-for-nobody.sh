#!/usr/bin/env bash
# Of the 64 sizes and levels of rMQR codes, 22 that rmqrcode draws are read by nothing, and one it does not draw at all.
#
# Packages: rmqrcode==0.3.2, zint-bindings==1.2.2, zxing-cpp==3.1.1, numpy==2.3.5 (PyPI)
# Guess: rMQR has 32 sizes with two levels of error correction each (ISO/IEC 23941), and a library of it draws all of them; its page asks to
#   try a code before use, which one does with one text. Where a longer text takes another size it is read as well.
# Behaviour: at these sizes the symbol is one that the reader does not find, whatever its text; Zint's of the same size, level and text
#   is read. So a rack label is readable or not by the length of its text, which chooses the size: R13x27 at the usual level M,
#   which is taken from seven small letters on, never is. R17x43 at level M raises KeyError(21).
# Seen: 2026-11-30, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages rmqrcode==0.3.2 zint-bindings==1.2.2 zxing-cpp==3.1.1 numpy==2.3.5

"$python" -I - >"$saw" <<'PYTHON'
import numpy as np
import zint
import zxingcpp
from rmqrcode import ErrorCorrectionLevel, encoder, rMQR
from rmqrcode.format.rmqr_versions import rMQRVersions

TEXT = "12345"


def read(modules):
    return [found.text for found in zxingcpp.read_barcodes(np.pad(modules, 32, constant_values=255))]


def of_rmqrcode(size, level):
    code = rMQR(size, level)
    code.add_segment(TEXT, encoder.NumericEncoder)
    code.make()
    dark = np.array(code.to_list(with_quiet_zone=False)) > 0
    return np.where(np.kron(dark, np.ones((4, 4))), 0, 255).astype(np.uint8)


def of_zint(number, level):
    symbol = zint.Symbol()
    symbol.symbology = zint.Symbology.RMQR
    symbol.option_1, symbol.option_2 = {"M": 2, "H": 4}[level.name], number
    symbol.scale = 2
    symbol.encode(TEXT)
    symbol.buffer()
    return np.array(symbol.bitmap)[:, :, 0]


for level in (ErrorCorrectionLevel.M, ErrorCorrectionLevel.H):
    unread, raised, zint_read = [], [], 0
    for number, size in enumerate(rMQRVersions, start=1):
        zint_read += TEXT in read(of_zint(number, level))
        try:
            if TEXT not in read(of_rmqrcode(size, level)):
                unread.append(size)
        except KeyError as error:
            raised.append(f"{size} {error!r}")
    print(f"level {level.name}, {number} sizes: of Zint {zint_read} are read; of rmqrcode not {' '.join(unread)}; raised: {raised}")
PYTHON

still_seen <<'SEEN'
level M, 32 sizes: of Zint 32 are read; of rmqrcode not R9x139 R11x99 R13x27 R13x77 R13x99 R13x139 R15x77 R15x139 R17x99; raised: ['R17x43 KeyError(21)']
level H, 32 sizes: of Zint 32 are read; of rmqrcode not R9x77 R11x59 R11x77 R11x99 R13x77 R13x99 R13x139 R15x43 R15x77 R15x139 R17x43 R17x77 R17x139; raised: []
SEEN
