#!/usr/bin/env bash
# A cold store at 21.5 degrees, told by a client of Leshan, is at 2.8 degrees for lwm2m-codec, and one at -18.5 at -2.8.
#
# Packages: lwm2m-codec@0.1.1 (npm), org.eclipse.leshan:leshan-core@1.5.0, com.eclipsesource.minimal-json:minimal-json@0.9.5,
#   org.slf4j:slf4j-api@1.7.36 (Maven Central), a Java of 17 or newer, Maven
# Guess: a float in TLV has four or eight octets, as its length says (OMA LwM2M 1.0, 6.4.3 and appendix C), so who decodes it looks at the
#   length, and 21.5 is 21.5 in both. What a decoder does not know it refuses.
# Behaviour: the first four of the eight octets are read as a float of four. What comes out is of the same sign and near enough to be believed,
#   and a whole range of values has one reading. Leshan sends eight octets for every float, so none is right; a device
#   that sends four, as lwm2m-codec itself does, is read well.
# Seen: 2026-11-30, Debian 12, Node.js 20.20.2, OpenJDK 17.0.15, Maven 3.8.7

. "$(dirname "$0")/_tools"
npm_packages lwm2m-codec@0.1.1
for artifact in org.eclipse.leshan:leshan-core:1.5.0 com.eclipsesource.minimal-json:minimal-json:0.9.5 org.slf4j:slf4j-api:1.7.36; do
    mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy -Dartifact="$artifact" -DoutputDirectory="$PWD" >maven.log 2>&1
done

cat >Sent.java <<'JAVA'
import java.util.HexFormat;
import org.eclipse.leshan.core.model.ObjectLoader;
import org.eclipse.leshan.core.model.StaticModel;
import org.eclipse.leshan.core.node.LwM2mPath;
import org.eclipse.leshan.core.node.LwM2mSingleResource;
import org.eclipse.leshan.core.node.codec.DefaultLwM2mNodeEncoder;
import org.eclipse.leshan.core.request.ContentFormat;

public class Sent {
    public static void main(String[] values) {
        StaticModel model = new StaticModel(ObjectLoader.loadDefault());
        for (String value : values) {
            byte[] octets = new DefaultLwM2mNodeEncoder().encode(
                    LwM2mSingleResource.newFloatResource(5700, Double.parseDouble(value)), ContentFormat.TLV, new LwM2mPath(3303, 0, 5700), model);
            System.out.println(value + " " + HexFormat.of().formatHex(octets));
        }
    }
}
JAVA
cat >read.cjs <<'JAVASCRIPT'
const { decode, encode } = require("lwm2m-codec");

for (const line of require("fs").readFileSync(0, "latin1").trim().split("\n")) {
  const [value, octets] = line.split(" ");
  const own = encode("tlv", "/3303/0/5700", Number(value));
  console.log(`${value} from Leshan in ${octets}: ${decode("tlv", "/3303/0/5700", Buffer.from(octets, "hex"))}`);
  console.log(`  its own ${own.toString("hex")}: ${decode("tlv", "/3303/0/5700", own)}`);
}
JAVASCRIPT
java -cp "$PWD/*" Sent.java 4 21.5 21.55 -18.5 1500.25 2>/dev/null | node read.cjs >"$saw"

still_seen <<'SEEN'
4 from Leshan in e81644084010000000000000: 2.25
  its own e4164440800000: 4
21.5 from Leshan in e81644084035800000000000: 2.8359375
  its own e4164441ac0000: 21.5
21.55 from Leshan in e816440840358ccccccccccd: 2.8367185592651367
  its own e4164441ac6666: 21.549999237060547
-18.5 from Leshan in e8164408c032800000000000: -2.7890625
  its own e41644c1940000: -18.5
1500.25 from Leshan in e81644084097710000000000: 4.7325439453125
  its own e4164444bb8800: 1500.25
SEEN
