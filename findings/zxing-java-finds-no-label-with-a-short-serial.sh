#!/usr/bin/env bash
# ZXing for Java, which many scanning apps carry, finds no label at all where a short serial stands behind a batch of letters.
#
# Packages: com.google.zxing:core@3.5.3, com.google.zxing:javase@3.5.3 (Maven Central), zint-bindings==1.2.2, zxing-cpp==3.1.1,
#   numpy==2.3.5, pillow==12.0.0 (PyPI), a Java of 17 or newer, Maven
# Guess: DataBar Expanded is on ZXing's list of formats, and its C++ port reads the label; so the original does, whatever the label says.
# Behaviour: FNC1 behind letters turns back to digits (ISO/IEC 24724:2011, tables 12 and 13), and ZXing for Java goes on in letters until what
#   it has makes no sense: the label is not found, as if none were there. With a batch of digits, alone, or before a longer number it
#   is read, so an app that was tried with some goods is blind for others. The C++ port has mended it.
# Seen: 2026-11-30, Debian 12, OpenJDK 17.0.15, Maven 3.8.7, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages zint-bindings==1.2.2 zxing-cpp==3.1.1 numpy==2.3.5 pillow==12.0.0
for artifact in core javase; do
    mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
        -Dartifact=com.google.zxing:$artifact:3.5.3 -DoutputDirectory=lib >>maven.log 2>&1
done

"$python" -I - >by-cpp <<'PYTHON'
import numpy as np
import zint
import zxingcpp
from PIL import Image

for batch_and_more in ("[10]AB", "[10]12[21]42", "[10]LOT7[17]261231", "[10]AB[21]42", "[10]AB[37]12", "[10]Lot[21]A"):
    symbol = zint.Symbol()
    symbol.symbology = zint.Symbology.DBAR_EXP
    symbol.scale = 3
    symbol.encode("[01]09521234567882" + batch_and_more)
    symbol.buffer()
    picture = np.pad(np.array(symbol.bitmap)[:, :, 0], 60, constant_values=255)
    Image.fromarray(picture).save(f"{batch_and_more}.png")
    (found,) = zxingcpp.read_barcodes(picture)
    print(f"{batch_and_more}.png {found.text}")
PYTHON
cat >Read.java <<'JAVA'
import com.google.zxing.BarcodeFormat;
import com.google.zxing.BinaryBitmap;
import com.google.zxing.DecodeHintType;
import com.google.zxing.MultiFormatReader;
import com.google.zxing.NotFoundException;
import com.google.zxing.client.j2se.BufferedImageLuminanceSource;
import com.google.zxing.common.HybridBinarizer;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;

public class Read {
    public static void main(String[] none) throws Exception {
        Map<DecodeHintType, Object> hints =
            Map.of(DecodeHintType.TRY_HARDER, true, DecodeHintType.POSSIBLE_FORMATS, List.of(BarcodeFormat.RSS_EXPANDED));
        for (String line : Files.readAllLines(Path.of("by-cpp"))) {
            String[] fileAndText = line.split(" ");
            var source = new BufferedImageLuminanceSource(ImageIO.read(new File(fileAndText[0])));
            String read;
            try {
                read = new MultiFormatReader().decode(new BinaryBitmap(new HybridBinarizer(source)), hints).getText();
            } catch (NotFoundException nothing) {
                read = "not found";
            }
            System.out.println(fileAndText[1] + " of zxing-cpp is for Java: " + (read.equals(fileAndText[1]) ? "the same" : read));
        }
    }
}
JAVA
java -Djava.awt.headless=true -cp 'lib/*' Read.java >"$saw"

still_seen <<'SEEN'
(01)09521234567882(10)AB of zxing-cpp is for Java: the same
(01)09521234567882(10)12(21)42 of zxing-cpp is for Java: the same
(01)09521234567882(10)LOT7(17)261231 of zxing-cpp is for Java: the same
(01)09521234567882(10)AB(21)42 of zxing-cpp is for Java: not found
(01)09521234567882(10)AB(37)12 of zxing-cpp is for Java: not found
(01)09521234567882(10)Lot(21)A of zxing-cpp is for Java: not found
SEEN
