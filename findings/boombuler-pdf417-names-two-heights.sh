#!/usr/bin/env bash
# A PDF417 symbol of boombuler/barcode can be read only where its text happens to get a multiple of three rows.
#
# Packages: github.com/boombuler/barcode@v1.1.0 (Go), zxing-cpp==3.1.1, pdf417gen==0.8.1, numpy==2.3.5, pillow==12.0.0 (PyPI),
#   @zxing/library@0.23.0, pngjs@7.0.0 (npm)
# Guess: what an encoder of labels makes is read, whatever the text, as what pdf417gen makes of it is. How many rows there are
#   is the encoder's own choice, and the indicators on both sides tell it, as a third of the rows less one (ISO/IEC 15438).
# Behaviour: the indicators on the left tell a third of the rows less three. Where the rows are a multiple of three that is the
#   same number; else one side of the symbol contradicts the other, and two readers give up. So a program that was tried with one
#   number prints good labels until a text gets a row more. With the one number mended all are read.
# Seen: 2026-11-30, Debian 12, Go 1.26.8, Python 3.11.7, Node.js 20.20.2

. "$(dirname "$0")/_tools"
pip_packages zxing-cpp==3.1.1 pdf417gen==0.8.1 numpy==2.3.5 pillow==12.0.0
npm_packages @zxing/library@0.23.0 pngjs@7.0.0

cat >main.go <<'GO'
package main

import (
	"image/png"
	"os"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/pdf417"
)

func main() {
	for _, text := range os.Args[1:] {
		symbol, err := pdf417.Encode(text, 4)
		if err != nil {
			panic(err)
		}
		size := symbol.Bounds()
		if symbol, err = barcode.Scale(symbol, 4*size.Dx(), 4*size.Dy()); err != nil {
			panic(err)
		}
		file, err := os.Create(text + ".png")
		if err != nil {
			panic(err)
		}
		if err := png.Encode(file, symbol); err != nil {
			panic(err)
		}
		file.Close()
	}
}
GO
go_packages github.com/boombuler/barcode@v1.1.0
texts=(1234 A64657376611232300b A-2044 ORDER-2026-11-30 340123450000000018 LOT7-EXP261130-CARTON12OF40 PALLET00340123450000000018-HAMBURG)
./main "${texts[@]}"

"$python" -I - "${texts[@]}" >"$saw" <<'PYTHON'
import sys

import numpy as np
import pdf417gen
import zxingcpp
from PIL import Image, ImageOps

for text in sys.argv[1:]:
    made = Image.open(f"{text}.png").convert("L")
    with_margin = ImageOps.expand(made, 40, 255)
    with_margin.save(f"{text}.png")
    of_pdf417gen = pdf417gen.render_image(pdf417gen.encode(text, columns=3, security_level=4), scale=4).convert("L")
    read = [[found.text for found in zxingcpp.read_barcodes(np.array(symbol))] for symbol in (with_margin, of_pdf417gen)]
    print(f"{text}: {made.height // 8} rows, zxing-cpp reads {read[0]}, of pdf417gen {read[1]}")
PYTHON
node - "${texts[@]}" >>"$saw" <<'JAVASCRIPT'
const fs = require("fs");
const { PNG } = require("pngjs");
const zxing = require("@zxing/library");

for (const text of process.argv.slice(2)) {
    const { data, width, height } = PNG.sync.read(fs.readFileSync(`${text}.png`));
    const light = Uint8ClampedArray.from({ length: width * height }, (_, pixel) => data[4 * pixel]);
    let read;
    try {
        const seen = new zxing.HybridBinarizer(new zxing.RGBLuminanceSource(light, width, height));
        read = new zxing.PDF417Reader().decode(new zxing.BinaryBitmap(seen)).getText();
    } catch (error) {
        read = `nothing: ${error.constructor.name}`;
    }
    console.log(`${text}: @zxing/library reads ${read}`);
}
JAVASCRIPT

still_seen <<'SEEN'
1234: 12 rows, zxing-cpp reads ['1234'], of pdf417gen ['1234']
A64657376611232300b: 15 rows, zxing-cpp reads ['A64657376611232300b'], of pdf417gen ['A64657376611232300b']
A-2044: 13 rows, zxing-cpp reads [], of pdf417gen ['A-2044']
ORDER-2026-11-30: 14 rows, zxing-cpp reads [], of pdf417gen ['ORDER-2026-11-30']
340123450000000018: 14 rows, zxing-cpp reads [], of pdf417gen ['340123450000000018']
LOT7-EXP261130-CARTON12OF40: 13 rows, zxing-cpp reads [], of pdf417gen ['LOT7-EXP261130-CARTON12OF40']
PALLET00340123450000000018-HAMBURG: 13 rows, zxing-cpp reads [], of pdf417gen ['PALLET00340123450000000018-HAMBURG']
1234: @zxing/library reads 1234
A64657376611232300b: @zxing/library reads A64657376611232300b
A-2044: @zxing/library reads nothing: ChecksumException
ORDER-2026-11-30: @zxing/library reads nothing: ChecksumException
340123450000000018: @zxing/library reads nothing: ChecksumException
LOT7-EXP261130-CARTON12OF40: @zxing/library reads nothing: ChecksumException
PALLET00340123450000000018-HAMBURG: @zxing/library reads nothing: ChecksumException
SEEN
