#!/usr/bin/env bash
# The Data Matrix code that ReportLab puts on a label says one character more than was given, a NUL, for every third length of text.
#
# Packages: reportlab==5.1.0, pypdfium2==5.15.2, pillow==12.0.0, zxing-cpp==3.1.1, numpy==2.3.5 (PyPI), @zxing/library@0.23.0 (npm)
# Guess: ECC200DataMatrix holds the text that it was given. C40 packs three values into two codewords (ISO/IEC 16022), and where
#   one value is left over at the end of the text, ASCII takes its character.
# Behaviour: a single value at the end is filled up with two zeros, and these are a character: shift to set 1, and its first, NUL. A GTIN
#   after 01 has sixteen characters and gets it, an SSCC after 00 has twenty and gets none. So a program that was tried with one
#   label prints others that no order is found for. Two readers agree on it.
# Seen: 2026-11-30, Debian 12, Python 3.11.7, Node.js 20.20.2

. "$(dirname "$0")/_tools"
pip_packages reportlab==5.1.0 pypdfium2==5.15.2 pillow==12.0.0 zxing-cpp==3.1.1 numpy==2.3.5
npm_packages @zxing/library@0.23.0

"$python" -I - >"$saw" <<'PYTHON'
import numpy as np
import pypdfium2
import zxingcpp
from reportlab.graphics.barcode import createBarcodeDrawing

for text in ("7", "42", "LOT", "LOT7", "LOT42", "TOTE-1", "TOTE-12", "0109521234543213", "00047123450000000008"):
    page = pypdfium2.PdfDocument(createBarcodeDrawing("ECC200DataMatrix", value=text).asString("pdf"))[0]
    pixels = np.pad(np.array(page.render(scale=4).to_pil().convert("L")), 60, constant_values=255)
    (found,) = zxingcpp.read_barcodes(pixels)
    print(f"{text}: zxing-cpp reads {found.bytes!r}")
    with open(f"{text}.{pixels.shape[1]}", "wb") as file:
        file.write(pixels.tobytes())
PYTHON
node - >>"$saw" <<'JAVASCRIPT'
const { readFileSync, readdirSync } = require("fs");
const zxing = require("@zxing/library");

for (const name of readdirSync(".").filter((name) => /^[0-9A-Z-]+\.\d+$/.test(name)).sort()) {
  const light = new Uint8ClampedArray(readFileSync(name));
  const width = Number(name.split(".")[1]);
  const bitmap = new zxing.BinaryBitmap(new zxing.HybridBinarizer(new zxing.RGBLuminanceSource(light, width, light.length / width)));
  const read = new zxing.DataMatrixReader().decode(bitmap).getText();
  console.log(`${name.split(".")[0]}: @zxing/library reads ${JSON.stringify(read)}`);
}
JAVASCRIPT

still_seen <<'SEEN'
7: zxing-cpp reads b'7\x00'
42: zxing-cpp reads b'42'
LOT: zxing-cpp reads b'LOT'
LOT7: zxing-cpp reads b'LOT7\x00'
LOT42: zxing-cpp reads b'LOT42'
TOTE-1: zxing-cpp reads b'TOTE-1\x00'
TOTE-12: zxing-cpp reads b'TOTE-12'
0109521234543213: zxing-cpp reads b'0109521234543213\x00'
00047123450000000008: zxing-cpp reads b'00047123450000000008'
00047123450000000008: @zxing/library reads "00047123450000000008"
0109521234543213: @zxing/library reads "0109521234543213\u0000"
42: @zxing/library reads "42"
7: @zxing/library reads "7\u0000"
LOT: @zxing/library reads "LOT"
LOT42: @zxing/library reads "LOT42"
LOT7: @zxing/library reads "LOT7\u0000"
TOTE-1: @zxing/library reads "TOTE-1\u0000"
TOTE-12: @zxing/library reads "TOTE-12"
SEEN
