#!/usr/bin/env bash
# An array that Eclipse Tahu sends is a metric without a type and without a value in sparkplug-payload.
#
# Packages: org.eclipse.tahu:tahu-core@1.0.11 (Maven Central), sparkplug-payload==1.0.3 (npm), pysparkplug==0.6.1 (PyPI), a Java of 11 or
#   newer, Maven
# Guess: Sparkplug 3.0 has arrays of its simple types, 22 to 34. The libraries of one project, in Java and in JavaScript, read
#   each other's; one that does not know a type says so, or hands over the octets.
# Behaviour: null, as of a metric that is stale or missing, and its type is undefined; no error. Who keeps the last values
#   takes the lanes for unknown. pysparkplug reads all of them.
# Seen: 2026-11-30, Debian 12, Node.js 20.20.2, OpenJDK 17.0.15, Maven 3.8.7, Python 3.11.7

. "$(dirname "$0")/_tools"
npm_packages sparkplug-payload@1.0.3
pip_packages pysparkplug==0.6.1
cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>finding</groupId><artifactId>finding</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.eclipse.tahu</groupId><artifactId>tahu-core</artifactId><version>1.0.11</version></dependency>
  </dependencies>
</project>
XML
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory=jars >maven.log 2>&1

cat >Written.java <<'JAVA'
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Date;
import org.eclipse.tahu.message.SparkplugBPayloadEncoder;
import org.eclipse.tahu.message.model.Metric.MetricBuilder;
import org.eclipse.tahu.message.model.MetricDataType;
import org.eclipse.tahu.message.model.SparkplugBPayload.SparkplugBPayloadBuilder;

public class Written {
    public static void main(String[] none) throws Exception {
        Object[][] metrics = {
            {"state", MetricDataType.Int32, 6},
            {"counts", MetricDataType.Int32Array, new Integer[] {3, -1, 315338746}},
            {"full", MetricDataType.BooleanArray, new Boolean[] {false, true, true}},
            {"carriers", MetricDataType.StringArray, new String[] {"post", "courier"}},
            {"loads", MetricDataType.DoubleArray, new Double[] {12.5, 0.25}},
            {"stale", MetricDataType.Int32, null},
        };
        SparkplugBPayloadBuilder payload = new SparkplugBPayloadBuilder().setTimestamp(new Date(1796032800000L)).setSeq(0L);
        for (Object[] metric : metrics) {
            payload.addMetric(new MetricBuilder((String) metric[0], (MetricDataType) metric[1], metric[2]).createMetric());
        }
        Files.write(Path.of("tahu.bin"), new SparkplugBPayloadEncoder().getBytes(payload.createPayload(), false));
    }
}
JAVA
java -cp 'jars/*' Written.java >java.log 2>&1

node - >"$saw" <<'JAVASCRIPT'
const { readFileSync } = require("fs");
const sparkplug = require("sparkplug-payload").get("spBv1.0");

for (const { name, type, value } of sparkplug.decodePayload(readFileSync("tahu.bin")).metrics) console.log("sparkplug-payload:", name, type, value);
JAVASCRIPT
"$python" -I - >>"$saw" <<'PYTHON'
import pysparkplug

with open("tahu.bin", "rb") as octets:
    for metric in pysparkplug.DData.decode(octets.read()).metrics:
        print("pysparkplug:", metric.name, metric.datatype.name, metric.value)
PYTHON

still_seen <<'SEEN'
sparkplug-payload: state Int32 6
sparkplug-payload: counts undefined null
sparkplug-payload: full undefined null
sparkplug-payload: carriers undefined null
sparkplug-payload: loads undefined null
sparkplug-payload: stale Int32 null
pysparkplug: state INT32 6
pysparkplug: counts INT32_ARRAY (3, -1, 315338746)
pysparkplug: full BOOLEAN_ARRAY (False, True, True)
pysparkplug: carriers STRING_ARRAY ('post', 'courier')
pysparkplug: loads DOUBLE_ARRAY (12.5, 0.25)
pysparkplug: stale INT32 None
SEEN
