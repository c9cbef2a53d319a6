#!/usr/bin/env bash
# The preview of a ZPL label has other bars than the text below them, where its Code 128 turns from letters to pairs of digits.
#
# Packages: zpl-renderer-js==3.4.0, pngjs==7.0.0 (npm), zxing-cpp==3.1.1, numpy==2.3.5, pillow==12.0.0 (PyPI)
# Guess: >5 in subset B starts subset C (ZPL II Programming Guide, ^BC, invocation codes), as label designers write it to save
#   width: >:LOT>5123456 is LOT123456, in bars and in the line below them.
# Behaviour: FNC4 stands in the bars where the change to C should, so the character after it has its eighth bit set, and no
#   pair is made. The line below is right. From C to B, and from C by B to A as in the guide's example, the bars are right.
# Seen: 2026-11-29, Debian 12, Node.js 20.20.2, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages zxing-cpp==3.1.1 numpy==2.3.5 pillow==12.0.0
npm_packages zpl-renderer-js@3.4.0

cat >draw.mjs <<'JAVASCRIPT'
import { writeFileSync } from "node:fs";
import { ready } from "zpl-renderer-js";

const { api } = await ready;
for (const [name, data] of [["1", ">:LOT123456"], ["2", ">:LOT>5123456"], ["3", ">;1234>6LOT"], ["4", ">;382436>6CODE128>752375152"]]) {
  const label = await api.zplToBase64Async(`^XA^FO120,40^BY2^BCN,100,Y,N,N^FD${data}^FS^XZ`, 100, 40, 8);
  writeFileSync(`${name}.png`, Buffer.from(label, "base64"));
  writeFileSync(`${name}.zpl`, data);
}
process.exit();
JAVASCRIPT
node draw.mjs

"$python" -I - >"$saw" <<'PYTHON'
from pathlib import Path

import zxingcpp
from PIL import Image

for label in "1234":
    (code,) = zxingcpp.read_barcodes(Image.open(f"{label}.png").convert("L"))
    corner = code.position
    modules = round((corner.top_right.x - corner.top_left.x) / 2)
    print(Path(f"{label}.zpl").read_text(), "reads", code.bytes, f"in {modules} modules")
PYTHON

still_seen <<'SEEN'
>:LOT123456 reads b'LOT123456' in 134 modules
>:LOT>5123456 reads b'LOT\xb123456' in 144 modules
>;1234>6LOT reads b'1234LOT' in 100 modules
>;382436>6CODE128>752375152 reads b'382436CODE128TEST' in 210 modules
SEEN
