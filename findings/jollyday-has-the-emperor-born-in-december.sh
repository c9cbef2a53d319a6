#!/usr/bin/env bash
# Japan works on the Emperor's birthday and on both equinoxes, and not on 23 December, for jollyday 2.19.
#
# Packages: de.focus-shift:jollyday-core@2.19.0, jollyday-jaxb@2.19.0 and what they need (Maven Central), holidays==0.109 (PyPI), a Java of
#   17 or newer, Maven
# Guess: since 2019 the Emperor's birthday is 23 February, and 23 December is none any more; the equinoxes are holidays, and for
#   one on a Sunday the next day that is none is off (Japan's Act on National Holidays, articles 2 and 3). A calendar of 2026 that has
#   Japan as a country, with its Mountain Day of 2016, has them.
# Behaviour: of 2027's seventeen days off thirteen are there, and one that is not: 23 February, 21 and 22 March and 23 September are missing
#   and 23 December is too much. Singapore has no Chinese new year, no Vesak Day and no Deepavali. Whoever plans a truck by it
#   sends one to closed docks. Germany and Poland are right, where it is mostly used.
# Seen: 2026-11-30, Debian 12, OpenJDK 17.0.15, Maven 3.8.7, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages holidays==0.109
cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>seen</groupId><artifactId>seen</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>de.focus-shift</groupId><artifactId>jollyday-core</artifactId><version>2.19.0</version></dependency>
    <dependency><groupId>de.focus-shift</groupId><artifactId>jollyday-jaxb</artifactId><version>2.19.0</version></dependency>
  </dependencies>
</project>
XML
mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory="$PWD/jars" >maven.log 2>&1

cat >Days.java <<'JAVA'
import de.focus_shift.jollyday.core.HolidayManager;
import de.focus_shift.jollyday.core.ManagerParameters;
import java.time.Year;

public class Days {
    public static void main(String[] countries) {
        for (String country : countries) {
            HolidayManager.getInstance(ManagerParameters.create(country)).getHolidays(Year.of(2027))
                    .forEach(holiday -> System.out.println(country + " " + holiday.getDate()));
        }
    }
}
JAVA
java -cp "jars/*" Days.java jp sg de pl 2>/dev/null >jollyday.txt

"$python" -I - >"$saw" <<'PYTHON'
from datetime import date
from pathlib import Path

import holidays

has = {tuple(line.split()) for line in Path("jollyday.txt").read_text().splitlines()}
for country in ("jp", "sg", "de", "pl"):
    known = holidays.country_holidays(country.upper(), years=2027, language="en_US")
    found = {date.fromisoformat(day) for where, day in has if where == country}
    print(f"{country}: {len(found & set(known))} of {len(known)} holidays, missing:")
    for day in sorted(set(known) - found):
        print(f"  {day:%a} {day} {known[day]}")
    print("  too much:", *sorted(map(str, found - set(known))))
PYTHON

still_seen <<'SEEN'
jp: 13 of 17 holidays, missing:
  Tue 2027-02-23 Emperor's Birthday
  Sun 2027-03-21 Vernal Equinox Day
  Mon 2027-03-22 Substitute Holiday
  Thu 2027-09-23 Autumnal Equinox Day
  too much: 2027-12-23
sg: 6 of 12 holidays, missing:
  Sat 2027-02-06 Chinese New Year
  Sun 2027-02-07 Chinese New Year
  Mon 2027-02-08 Chinese New Year (observed)
  Wed 2027-03-10 Eid al-Fitr
  Thu 2027-05-20 Vesak Day
  Thu 2027-10-28 Diwali
  too much: 2027-03-09
de: 9 of 9 holidays, missing:
  too much:
pl: 14 of 14 holidays, missing:
  too much:
SEEN
