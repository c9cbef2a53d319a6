#!/usr/bin/env bash
# The barcode that python-barcode draws of a carton's GTIN-14 is of no kind that there is, and no reader finds it.
#
# Packages: python-barcode==0.16.1, pillow==12.0.0, zxing-cpp==3.1.1, zint-bindings==1.2.2, numpy==2.3.5 (PyPI),
#   @zxing/library@0.23.0 (npm)
# Guess: "ean14" of the library makes what the name is used for: the fourteen digits with their check digit as ITF-14, or in a GS1-128 after
#   01. Where fourteen digits cannot be drawn it refuses them.
# Behaviour: it draws an EAN-13 with one digit more in its right half, 102 modules instead of 95, with the right number below it. Each
#   reader answers that there is nothing. Its "ean13", "itf" and "gs1_128" of the same number are read.
# Seen: 2026-11-30, Debian 12, Python 3.11.7, Node.js 20.20.2

. "$(dirname "$0")/_tools"
pip_packages python-barcode==0.16.1 pillow==12.0.0 zxing-cpp==3.1.1 zint-bindings==1.2.2 numpy==2.3.5
npm_packages @zxing/library@0.23.0

"$python" -I - >"$saw" <<'PYTHON'
import barcode
import numpy as np
import zint
import zxingcpp
from barcode.writer import ImageWriter


def told(name, pixels):
    found = [f"{one.format.name} {one.bytes.decode()}" for one in zxingcpp.read_barcodes(pixels)]
    print(f"{name}: zxing-cpp reads {', '.join(found) or 'nothing'}")
    with open(f"{name}.{pixels.shape[1]}", "wb") as file:
        file.write(pixels.tobytes())


for name, kind, digits in (
    ("carton-1", "ean14", "1952123454321"),
    ("carton-0", "ean14", "0952123454321"),
    ("piece", "ean13", "952123454321"),
    ("carton-1-itf", "itf", "19521234543210"),
    ("carton-1-gs1", "gs1_128", "0119521234543210"),
):
    symbol = barcode.get(kind, digits, writer=ImageWriter())
    (bars,) = symbol.build()
    print(f"{name}: {kind}, {symbol.get_fullcode()} below {len(bars)} modules")
    told(name, np.array(symbol.render({"write_text": False, "module_width": 0.4, "quiet_zone": 8}).convert("L")))
symbol = zint.Symbol()
symbol.symbology = zint.Symbology.ITF14
symbol.encode("1952123454321")
symbol.buffer()
told("carton-1-zint", np.pad(np.asarray(symbol.bitmap)[:, :, 0], 40, constant_values=255))
PYTHON
node - >>"$saw" 2>/dev/null <<'JAVASCRIPT'
const { readFileSync, readdirSync } = require("fs");
const zxing = require("@zxing/library");

for (const name of readdirSync(".").filter((name) => /^(carton|piece).*\.\d+$/.test(name)).sort()) {
  const light = new Uint8ClampedArray(readFileSync(name));
  const width = Number(name.split(".")[1]);
  const bitmap = new zxing.BinaryBitmap(new zxing.HybridBinarizer(new zxing.RGBLuminanceSource(light, width, light.length / width)));
  let read;
  try {
    read = new zxing.MultiFormatReader().decode(bitmap, new Map()).getText();
  } catch (error) {
    read = `nothing: ${error.constructor.name}`;
  }
  console.log(`${name.split(".")[0]}: @zxing/library reads ${read}`);
}
JAVASCRIPT

still_seen <<'SEEN'
carton-1: ean14, 19521234543210 below 102 modules
carton-1: zxing-cpp reads nothing
carton-0: ean14, 09521234543213 below 102 modules
carton-0: zxing-cpp reads nothing
piece: ean13, 9521234543213 below 95 modules
piece: zxing-cpp reads EAN13 9521234543213
carton-1-itf: itf, 19521234543210 below 241 modules
carton-1-itf: zxing-cpp reads ITF 19521234543210
carton-1-gs1: gs1_128, 0119521234543210 below 134 modules
carton-1-gs1: zxing-cpp reads Code128 0119521234543210
carton-1-zint: zxing-cpp reads ITF 19521234543210
carton-0: @zxing/library reads nothing: NotFoundException
carton-1-gs1: @zxing/library reads 0119521234543210
carton-1-itf: @zxing/library reads 19521234543210
carton-1-zint: @zxing/library reads 19521234543210
carton-1: @zxing/library reads nothing: NotFoundException
piece: @zxing/library reads 9521234543213
SEEN
