#!/usr/bin/env bash
# jsQR reads a GS1 QR code as a text with percent signs in it, of which some are printed on the label and some are not.
#
# Packages: jsqr==1.4.0 (npm), zint-bindings==1.2.2, zxing-cpp==3.1.1, numpy==2.3.5 (PyPI)
# Guess: a QR code that says FNC1 in its first position has GS1's elements (ISO/IEC 18004, FNC1 mode); in its alphanumeric parts a
#   percent sign stands for the separator GS, and two for a percent sign. A reader tells both, as zxing-cpp does: ]Q3, and GS.
# Behaviour: jsQR passes over the FNC1, and nothing in its answer tells of it. A lot of A%B comes as A%%B, and what ends it is a percent
#   sign as well. Where the writer chose a byte part instead, the same label has GS there and one percent sign.
# Seen: 2026-11-30, Debian 12, Node.js 20.20.2, Python 3.11.7

. "$(dirname "$0")/_tools"
npm_packages jsqr@1.4.0
pip_packages zint-bindings==1.2.2 zxing-cpp==3.1.1 numpy==2.3.5

"$python" -I - >"$saw" <<'PYTHON'
import numpy as np
import zint
import zxingcpp

for name, label in enumerate(("[01]09521234543213[10]123[21]456", "[01]09521234543213[10]A%B[21]X7", "[10]a%b[21]x7")):
    symbol = zint.Symbol()
    symbol.symbology = zint.Symbology.QRCODE
    symbol.input_mode = zint.InputMode.GS1
    symbol.scale = 2
    symbol.encode(label)
    symbol.buffer()
    pixels = np.pad(np.asarray(symbol.bitmap)[:, :, 0], 40, constant_values=255)
    (found,) = zxingcpp.read_barcodes(pixels)
    print(f"{label}: zxing-cpp reads {found.symbology_identifier} {found.bytes!r}")
    with open(f"{name}.{pixels.shape[1]}", "wb") as file:
        file.write(pixels.tobytes())
PYTHON
node - >>"$saw" <<'JAVASCRIPT'
const { readFileSync, readdirSync } = require("fs");
const jsQR = require("jsqr");

for (const name of readdirSync(".").filter((name) => /^\d\.\d+$/.test(name)).sort()) {
  const light = readFileSync(name);
  const width = Number(name.split(".")[1]);
  const pixels = Uint8ClampedArray.from({ length: 4 * light.length }, (_, at) => (at % 4 === 3 ? 255 : light[at >> 2]));
  const found = jsQR(pixels, width, light.length / width);
  const parts = found.chunks.map(({ type }) => type).join(", ");
  console.log(`jsQR reads ${JSON.stringify(found.data)}, parts: ${parts}, and tells ${Object.keys(found).join(", ")}`);
}
JAVASCRIPT

still_seen <<'SEEN'
[01]09521234543213[10]123[21]456: zxing-cpp reads ]Q3 b'010952123454321310123\x1d21456'
[01]09521234543213[10]A%B[21]X7: zxing-cpp reads ]Q3 b'010952123454321310A%B\x1d21X7'
[10]a%b[21]x7: zxing-cpp reads ]Q3 b'10a%b\x1d21x7'
jsQR reads "010952123454321310123%21456", parts: numeric, alphanumeric, and tells binaryData, data, chunks, version, location
jsQR reads "010952123454321310A%%B%21X7", parts: numeric, alphanumeric, and tells binaryData, data, chunks, version, location
jsQR reads "10a%b\u001d21x7", parts: byte, and tells binaryData, data, chunks, version, location
SEEN
