#!/usr/bin/env bash
# A conveyor's motor of 2 [HP] has 2.7 watts in the UCUM of Java's units of measurement.
#
# Packages: systems.uom:systems-ucum@2.2 with si.uom:si-units@2.2.2, tech.units:indriya@2.2.3 and what they need (Maven Central),
#   @lhncbc/ucum-lhc@7.1.10 (npm), a Java of 11 or newer, Maven
# Guess: [HP] is 550 [ft_i].[lbf_av]/s (UCUM 2.1, class heat), 745.7 W. A library that reads UCUM's codes by name has its factors.
# Behaviour: the 550 is missing, so a horse power is 1.36 W, and every conversion from or to it is wrong by that factor without a word: a drive
#   of 1.5 kW has 1106 horses. In the same way a rem and a rad of radiation are a ten thousandth of what they are, and the
#   engineer's link is the surveyor's. Feet, pounds, BTU and what else stands beside them are right.
# Seen: 2026-11-30, Debian 12, OpenJDK 17.0.15, Maven 3.8.7, Node.js 20.20.2

. "$(dirname "$0")/_tools"
npm_packages @lhncbc/ucum-lhc@7.1.10
cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>seen</groupId><artifactId>seen</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>systems.uom</groupId><artifactId>systems-ucum</artifactId><version>2.2</version></dependency>
    <dependency><groupId>systems.uom</groupId><artifactId>systems-quantity</artifactId><version>2.2</version></dependency>
    <dependency><groupId>si.uom</groupId><artifactId>si-units</artifactId><version>2.2.2</version></dependency>
    <dependency><groupId>tech.units</groupId><artifactId>indriya</artifactId><version>2.2.3</version></dependency>
  </dependencies>
</project>
XML
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory="$PWD/jars" >maven.log 2>&1

cat >Convert.java <<'JAVA'
import javax.measure.UnitConverter;
import systems.uom.ucum.format.UCUMFormat;

public class Convert {
    public static void main(String[] codes) throws Exception {
        UCUMFormat ucum = UCUMFormat.getInstance(UCUMFormat.Variant.CASE_SENSITIVE);
        for (int at = 0; at < codes.length; at += 3) {
            UnitConverter converter = ucum.parse(codes[at + 1]).getConverterToAny(ucum.parse(codes[at + 2]));
            System.out.printf("%s %s = %.6g %s%n", codes[at], codes[at + 1], converter.convert(Double.parseDouble(codes[at])), codes[at + 2]);
        }
    }
}
JAVA
cat >convert.cjs <<'JAVASCRIPT'
const ucum = require("@lhncbc/ucum-lhc").UcumLhcUtils.getInstance();

const codes = process.argv.slice(2);
for (let at = 0; at < codes.length; at += 3) {
  const { toVal } = ucum.convertUnitTo(codes[at + 1], Number(codes[at]), codes[at + 2]);
  console.log(codes[at], codes[at + 1], "=", Number(toVal.toPrecision(6)), codes[at + 2]);
}
JAVASCRIPT
asked=(2 '[HP]' W 1.5 kW '[HP]' 550 '[ft_i].[lbf_av]/s' W 100 '[Btu_IT]' kJ 1 '[lb_av]' kg 100 REM mSv 100 '[rlk_us]' '[ft_us]')
{
    echo "systems-ucum:"
    LC_ALL=C.UTF-8 java -Duser.language=en -cp "jars/*" Convert.java "${asked[@]}" 2>/dev/null
    echo "ucum-lhc:"
    node convert.cjs "${asked[@]}"
} >"$saw"

still_seen <<'SEEN'
systems-ucum:
2 [HP] = 2.71164 W
1.5 kW = 1106.34 [HP]
550 [ft_i].[lbf_av]/s = 745.700 W
100 [Btu_IT] = 105.506 kJ
1 [lb_av] = 0.453592 kg
100 REM = 0.100000 mSv
100 [rlk_us] = 66.0000 [ft_us]
ucum-lhc:
2 [HP] = 1491.4 W
1.5 kW = 2.01153 [HP]
550 [ft_i].[lbf_av]/s = 745.7 W
100 [Btu_IT] = 105.506 kJ
1 [lb_av] = 0.453592 kg
100 REM = 1000 mSv
100 [rlk_us] = 100 [ft_us]
SEEN
