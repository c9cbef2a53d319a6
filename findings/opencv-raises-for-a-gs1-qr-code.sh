#!/usr/bin/env bash
# One GS1 QR code in a picture, and OpenCV raises instead of reading the other codes in it.
#
# Packages: opencv-python-headless==5.0.0.93, zint-bindings==1.2.2, zxing-cpp==3.1.1, numpy==2.3.5 (PyPI)
# Guess: QRCodeDetector reads a GS1 QR code as its text, or says that it found nothing that it can read; a code is one more mode indicator
#   (FNC1 in the first position, ISO/IEC 18004). What else is in the picture is read all the same.
# Behaviour: each of its ways to read ends with "not implemented", mode 5. So a camera over a pallet loses every code of a picture in
#   which one GS1 QR code is, and a program that awaits empty texts only ends. Plain codes and Digital Links are read; 4.12 is the same.
# Seen: 2026-11-30, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages opencv-python-headless==5.0.0.93 zint-bindings==1.2.2 zxing-cpp==3.1.1 numpy==2.3.5

"$python" -I - >"$saw" 2>/dev/null <<'PYTHON'
import cv2
import numpy as np
import zint
import zxingcpp


def made(text, mode):
    symbol = zint.Symbol()
    symbol.symbology = zint.Symbology.QRCODE
    symbol.input_mode = mode
    symbol.scale = 3
    symbol.encode(text)
    symbol.buffer()
    return np.array(symbol.bitmap)[:, :, 0]


def page(*symbols):
    height = max(symbol.shape[0] for symbol in symbols) + 80
    return np.hstack([np.pad(symbol, ((40, height - 40 - symbol.shape[0]), (40, 40)), constant_values=255) for symbol in symbols])


def tried(what, *arguments):
    try:
        return what(*arguments)
    except cv2.error as error:
        return f"error {error.code}, {error.err}"


plain = made("ORDER 4711", zint.InputMode.UNICODE)
link = made("https://id.gs1.org/01/09521234543213/10/123", zint.InputMode.UNICODE)
gs1 = made("[01]09521234543213[10]123", zint.InputMode.GS1)
for name, picture in (
    ("plain", page(plain)),
    ("link", page(link)),
    ("gs1", page(gs1)),
    ("plain and link", page(plain, link)),
    ("plain and gs1", page(plain, gs1)),
):
    found = sorted(one.text for one in zxingcpp.read_barcodes(picture))
    print(f"{name}: zxing-cpp reads {found}")
    detector = cv2.QRCodeDetector()
    if "and" not in name:
        print("    detectAndDecode:", tried(lambda: detector.detectAndDecode(picture)[0]))
    for several in (detector, cv2.QRCodeDetectorAruco()):
        print(f"    {type(several).__name__}.detectAndDecodeMulti:", tried(lambda: sorted(several.detectAndDecodeMulti(picture)[1])))
PYTHON

still_seen <<'SEEN'
plain: zxing-cpp reads ['ORDER 4711']
    detectAndDecode: ORDER 4711
    QRCodeDetector.detectAndDecodeMulti: ['ORDER 4711']
    QRCodeDetectorAruco.detectAndDecodeMulti: ['ORDER 4711']
link: zxing-cpp reads ['https://id.gs1.org/01/09521234543213/10/123']
    detectAndDecode: https://id.gs1.org/01/09521234543213/10/123
    QRCodeDetector.detectAndDecodeMulti: ['https://id.gs1.org/01/09521234543213/10/123']
    QRCodeDetectorAruco.detectAndDecodeMulti: ['https://id.gs1.org/01/09521234543213/10/123']
gs1: zxing-cpp reads ['(01)09521234543213(10)123']
    detectAndDecode: error -213, mode 5
    QRCodeDetector.detectAndDecodeMulti: error -213, mode 5
    QRCodeDetectorAruco.detectAndDecodeMulti: error -213, mode 5
plain and link: zxing-cpp reads ['ORDER 4711', 'https://id.gs1.org/01/09521234543213/10/123']
    QRCodeDetector.detectAndDecodeMulti: ['ORDER 4711', 'https://id.gs1.org/01/09521234543213/10/123']
    QRCodeDetectorAruco.detectAndDecodeMulti: ['ORDER 4711', 'https://id.gs1.org/01/09521234543213/10/123']
plain and gs1: zxing-cpp reads ['(01)09521234543213(10)123', 'ORDER 4711']
    QRCodeDetector.detectAndDecodeMulti: error -213, mode 5
    QRCodeDetectorAruco.detectAndDecodeMulti: error -213, mode 5
SEEN
