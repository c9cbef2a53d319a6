#!/usr/bin/env bash
# The Micro QR code that Okapi Barcode makes of an odd number of four digits is read as the number before it.
#
# Packages: uk.org.okapibarcode:okapibarcode@0.5.4 (Maven Central), zint-bindings==1.2.2, zxing-cpp==3.1.1, numpy==2.3.5,
#   pillow==12.0.0 (PyPI), a Java of 11 or newer, Maven
# Guess: the smallest code, M1, holds up to five digits (ISO/IEC 18004, table 7), and what is made of a tool's or tray's number
#   reads as that number, as what Zint makes of it does. Where a symbol is faulty a reader finds nothing.
# Behaviour: the last word of M1 has four bits, and it is wrong. Up to three digits it is not needed; of four it has the last
#   bit, so every odd number is read as the even one before it, and nothing tells; codes of five digits are not read at all. The next
#   size, M2, is right.
# Seen: 2026-11-30, Debian 12, OpenJDK 17.0.15, Maven 3.8.7, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages zint-bindings==1.2.2 zxing-cpp==3.1.1 numpy==2.3.5 pillow==12.0.0
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
    -Dartifact=uk.org.okapibarcode:okapibarcode:0.5.4 -DoutputDirectory="$PWD" >maven.log 2>&1

cat >Made.java <<'JAVA'
import java.awt.image.BufferedImage;
import java.io.File;
import javax.imageio.ImageIO;
import uk.org.okapibarcode.backend.HumanReadableLocation;
import uk.org.okapibarcode.backend.MicroQrCode;
import uk.org.okapibarcode.graphics.Color;
import uk.org.okapibarcode.output.Java2DRenderer;

public class Made {
    public static void main(String[] numbers) throws Exception {
        for (String number : numbers) {
            MicroQrCode symbol = new MicroQrCode();
            symbol.setHumanReadableLocation(HumanReadableLocation.NONE);
            symbol.setContent(number);
            BufferedImage image = new BufferedImage(4 * symbol.getWidth(), 4 * symbol.getHeight(), BufferedImage.TYPE_BYTE_GRAY);
            new Java2DRenderer(image.createGraphics(), 4, Color.WHITE, Color.BLACK).render(symbol);
            ImageIO.write(image, "png", new File(number + ".png"));
        }
    }
}
JAVA
numbers=(207 2044 2045 7851 9999 12044 12045 120450)
java -Djava.awt.headless=true -cp okapibarcode-0.5.4.jar Made.java "${numbers[@]}"

"$python" -I - "${numbers[@]}" >"$saw" <<'PYTHON'
import sys

import numpy as np
import zint
import zxingcpp
from PIL import Image


def read(modules):
    return [found.text for found in zxingcpp.read_barcodes(np.pad(modules, 40, constant_values=255))]


for number in sys.argv[1:]:
    okapi = np.array(Image.open(f"{number}.png"))
    symbol = zint.Symbol()
    symbol.symbology = zint.Symbology.MICROQR
    symbol.scale = 2
    symbol.encode(number)
    symbol.buffer()
    of_zint = np.asarray(symbol.bitmap)[:, :, 0]
    print(f"{number}: {okapi.shape[0] // 4} modules, of Okapi read as {read(okapi)}, of Zint {read(of_zint)}")
PYTHON

still_seen <<'SEEN'
207: 11 modules, of Okapi read as ['207'], of Zint ['207']
2044: 11 modules, of Okapi read as ['2044'], of Zint ['2044']
2045: 11 modules, of Okapi read as ['2044'], of Zint ['2045']
7851: 11 modules, of Okapi read as ['7850'], of Zint ['7851']
9999: 11 modules, of Okapi read as ['9998'], of Zint ['9999']
12044: 11 modules, of Okapi read as [], of Zint ['12044']
12045: 11 modules, of Okapi read as [], of Zint ['12045']
120450: 13 modules, of Okapi read as ['120450'], of Zint ['120450']
SEEN
