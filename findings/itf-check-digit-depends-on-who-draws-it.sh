#!/usr/bin/env bash
# Of a number with an even count of digits, libraries draw two different check digits in Interleaved 2 of 5.
#
# Packages: net.sf.barcode4j:barcode4j@2.1 (Maven Central), a Java of 11 or newer, Maven, zpl-renderer-js@3.4.0 (npm), reportlab==5.1.0,
#   pypdfium2==5.15.2, zint-bindings==1.2.2, zxing-cpp==3.1.1, pillow==12.0.0, numpy==2.3.5 (PyPI)
# Guess: the check digit is GS1's, modulo 10 with weight 3 for the digit before it and then 1 and 3 in turn to the left (ISO/IEC 16390; GS1
#   General Specifications, 7.9); with it the count is odd, and a zero goes before the number.
# Behaviour: ReportLab and zint do that, and zxing-cpp says of theirs that the check digit is right (]I1). Barcode4J and the preview of ZPL
#   begin with weight 3 at the left, which is the same for an odd count only, as the thirteen digits of a carton. So one program's
#   labels are refused by a scanner that checks, as soon as the numbers get a digit more.
# Seen: 2026-11-30, Debian 12, OpenJDK 17.0.15, Maven 3.8.7, Node.js 20.20.2, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages reportlab==5.1.0 pypdfium2==5.15.2 zint-bindings==1.2.2 zxing-cpp==3.1.1 pillow==12.0.0 numpy==2.3.5
npm_packages zpl-renderer-js@3.4.0
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
    -Dartifact=net.sf.barcode4j:barcode4j:2.1 -DoutputDirectory="$PWD" >maven.log 2>&1

cat >Made.java <<'JAVA'
import java.awt.image.BufferedImage;
import java.io.File;
import javax.imageio.ImageIO;
import org.krysalis.barcode4j.ChecksumMode;
import org.krysalis.barcode4j.impl.int2of5.Interleaved2Of5Bean;
import org.krysalis.barcode4j.output.bitmap.BitmapCanvasProvider;

public class Made {
    public static void main(String[] numbers) throws Exception {
        for (String number : numbers) {
            Interleaved2Of5Bean symbol = new Interleaved2Of5Bean();
            symbol.setChecksumMode(ChecksumMode.CP_ADD);
            BitmapCanvasProvider canvas = new BitmapCanvasProvider(300, BufferedImage.TYPE_BYTE_GRAY, false, 0);
            symbol.generateBarcode(canvas, number);
            canvas.finish();
            ImageIO.write(canvas.getBufferedImage(), "png", new File("Barcode4J-" + number + ".png"));
        }
    }
}
JAVA
cat >draw.mjs <<'JAVASCRIPT'
import { writeFileSync } from "node:fs";
import { ready } from "zpl-renderer-js";

const { api } = await ready;
for (const number of process.argv.slice(2)) {
  const label = await api.zplToBase64Async(`^XA^FO60,40^BY3^B2N,100,N,N,Y^FD${number}^FS^XZ`, 100, 30, 8);
  writeFileSync(`ZPL-${number}.png`, Buffer.from(label, "base64"));
}
process.exit();
JAVASCRIPT
numbers=(0952123454321 123456 47120815 1234567)
java -Djava.awt.headless=true -cp barcode4j-2.1.jar Made.java "${numbers[@]}"
node draw.mjs "${numbers[@]}"

"$python" -I - "${numbers[@]}" >"$saw" <<'PYTHON'
import sys

import numpy as np
import pypdfium2
import zint
import zxingcpp
from PIL import Image
from reportlab.graphics.barcode import createBarcodeDrawing


def read(pixels):
    (found,) = zxingcpp.read_barcodes(np.pad(np.array(pixels), 40, constant_values=255))
    return f"{found.text} {found.symbology_identifier}"


for number in sys.argv[1:]:
    drawing = createBarcodeDrawing("I2of5", value=number, checksum=1, barWidth=2)
    page = pypdfium2.PdfDocument(drawing.asString("pdf"))[0].render(scale=2)
    symbol = zint.Symbol()
    symbol.symbology = zint.Symbology.C25INTER
    symbol.option_2 = 1
    symbol.encode(number)
    symbol.buffer()
    told = {"ReportLab": read(page.to_pil().convert("L")), "zint": read(np.array(symbol.bitmap)[:, :, 0])}
    told |= {name: read(Image.open(f"{name}-{number}.png").convert("L")) for name in ("Barcode4J", "ZPL")}
    print(f"{number}: {', '.join(f'{name} {text}' for name, text in told.items())}")
PYTHON

still_seen <<'SEEN'
0952123454321: ReportLab 09521234543213 ]I1, zint 09521234543213 ]I1, Barcode4J 09521234543213 ]I1, ZPL 09521234543213 ]I1
123456: ReportLab 01234565 ]I1, zint 01234565 ]I1, Barcode4J 01234561 ]I0, ZPL 01234561 ]I0
47120815: ReportLab 0471208158 ]I1, zint 0471208158 ]I1, Barcode4J 0471208150 ]I0, ZPL 0471208150 ]I0
1234567: ReportLab 12345670 ]I1, zint 12345670 ]I1, Barcode4J 12345670 ]I1, ZPL 12345670 ]I1
SEEN
