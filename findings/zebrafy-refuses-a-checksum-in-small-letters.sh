#!/usr/bin/env bash
# zebrafy calls most compressed pictures of zpl-image damaged, and zpl-renderer-js draws none that zebrafy writes as B64.
#
# Packages: zebrafy==2.0.0, pillow==12.0.0 (PyPI), zpl-image==0.3.0, zpl-renderer-js==3.4.0, pngjs==7.0.0 (npm)
# Guess: a picture on a label (^GFA) is in hexadecimal digits, as Zebra's run lengths, or as B64 or Z64 with a checksum behind it (ZPL II
#   Programming Guide, Alternative Data Compression Scheme). What one tool writes the others read.
# Behaviour: zebrafy compares the checksum as a text in capitals. zpl-image writes its digits in small letters, so the same number, EDCD and
#   edcd, is "CRC mismatch", unless it happens to have no letter. zpl-renderer-js knows Z64 and takes B64 for hexadecimal digits.
# Seen: 2026-11-30, Debian 12, Python 3.11.7, Node.js 20.20.2

. "$(dirname "$0")/_tools"
pip_packages zebrafy==2.0.0 pillow==12.0.0
npm_packages zpl-image@0.3.0 zpl-renderer-js@3.4.0 pngjs@7.0.0

cat >write.py <<'PYTHON'
from pathlib import Path

from PIL import Image, ImageDraw
from zebrafy import ZebrafyImage

for size in (32, 64, 96):
    picture = Image.new("L", (size, 40), 255)
    ImageDraw.Draw(picture).line((0, 39, size - 1, 0), fill=0, width=3)
    picture.save(f"{size}.png")
    for form in ("ASCII", "B64", "Z64"):
        Path(f"{size}-zebrafy-{form}.zpl").write_text(ZebrafyImage(picture, format=form).to_zpl())
PYTHON
cat >write.mjs <<'JAVASCRIPT'
import { readFileSync, writeFileSync } from "node:fs";
import png from "pngjs";
import zpl from "zpl-image";

for (const size of [32, 64, 96]) {
  const { data, width } = png.PNG.sync.read(readFileSync(`${size}.png`));
  for (const [form, made] of [["ACS", zpl.rgbaToACS(data, width)], ["Z64", zpl.rgbaToZ64(data, width)]]) {
    const field = `^GFA,${made.length},${made.length},${made.rowlen},${made.acs ?? made.z64}`;
    writeFileSync(`${size}-zpl-image-${form}.zpl`, `^XA^FO0,0${field}^FS^XZ`);
  }
}
JAVASCRIPT
cat >read.py <<'PYTHON'
from pathlib import Path

from PIL import Image
from zebrafy import ZebrafyZPL

for file in sorted(Path().glob("*.zpl")):
    text = file.read_text()
    checksum = text.split(":")[-1].split("^")[0].strip() if "64:" in text else "none"
    try:
        (picture,) = ZebrafyZPL(text).to_images()
        with Image.open(f"{file.stem.split('-')[0]}.png") as drawn:
            told = "the picture" if picture.convert("1").tobytes() == drawn.convert("1").tobytes() else "another picture"
    except ValueError as error:
        told = f"refused: {error}"
    print(f"zebrafy reads {file.stem}, checksum {checksum}: {told}")
PYTHON
cat >draw.mjs <<'JAVASCRIPT'
import { readFileSync, readdirSync } from "node:fs";
import { ready } from "zpl-renderer-js";

const { api } = await ready;
for (const file of readdirSync(".").filter((name) => name.startsWith("64-")).sort()) {
  const drawn = await api.zplToBase64Async(readFileSync(file, "latin1"), 20, 20, 8).then(() => "drawn", () => "refused");
  console.log(`zpl-renderer-js and ${file.slice(0, -4)}: ${drawn}`);
}
process.exit();
JAVASCRIPT
"$python" -I write.py
node write.mjs
"$python" -I -W ignore read.py >"$saw"
node draw.mjs >>"$saw"

still_seen <<'SEEN'
zebrafy reads 32-zebrafy-ASCII, checksum none: the picture
zebrafy reads 32-zebrafy-B64, checksum 2CC8: the picture
zebrafy reads 32-zebrafy-Z64, checksum 711C: the picture
zebrafy reads 32-zpl-image-ACS, checksum none: the picture
zebrafy reads 32-zpl-image-Z64, checksum 475d: refused: CRC mismatch.
zebrafy reads 64-zebrafy-ASCII, checksum none: the picture
zebrafy reads 64-zebrafy-B64, checksum 518C: the picture
zebrafy reads 64-zebrafy-Z64, checksum BDB9: the picture
zebrafy reads 64-zpl-image-ACS, checksum none: the picture
zebrafy reads 64-zpl-image-Z64, checksum 2336: the picture
zebrafy reads 96-zebrafy-ASCII, checksum none: the picture
zebrafy reads 96-zebrafy-B64, checksum 78F9: the picture
zebrafy reads 96-zebrafy-Z64, checksum EDCD: the picture
zebrafy reads 96-zpl-image-ACS, checksum none: the picture
zebrafy reads 96-zpl-image-Z64, checksum edcd: refused: CRC mismatch.
zpl-renderer-js and 64-zebrafy-ASCII: drawn
zpl-renderer-js and 64-zebrafy-B64: refused
zpl-renderer-js and 64-zebrafy-Z64: drawn
zpl-renderer-js and 64-zpl-image-ACS: drawn
zpl-renderer-js and 64-zpl-image-Z64: drawn
SEEN
