#!/usr/bin/env bash
# A weight of 1500 kg that BaSyx writes into an asset administration shell can be no number for who reads it.
#
# Packages: basyx-python-sdk==2.2.0, aas-core3.0==1.1.4, lxml==6.1.3 (PyPI)
# Guess: an xs:decimal has digits, one point and a sign, never an exponent (XML Schema 1.0 part 2, 3.2.3). A library whose type for it is
#   Python's Decimal writes it out.
# Behaviour: what Decimal itself prints is written: with an exponent where a number was normalised and ends with a zero, where it is
#   below a millionth, and where it is a zero of seven places or more. BaSyx reads that again; aas-core and any XML schema refuse it.
# Seen: 2026-11-30, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages basyx-python-sdk==2.2.0 aas-core3.0==1.1.4 lxml==6.1.3

"$python" -I -W ignore - >"$saw" <<'PYTHON'
import io
import json
from decimal import Decimal

from aas_core3 import jsonization, verification
from basyx.aas import model
from basyx.aas.adapter.json import write_aas_json_file
from lxml import etree

schema = etree.XMLSchema(
    etree.fromstring('<schema xmlns="http://www.w3.org/2001/XMLSchema"><element name="value" type="decimal"/></schema>')
)
weights = (Decimal("1500.5"), Decimal("1500.0"), Decimal("1500.0").normalize(), Decimal("0.0000005"), Decimal("0.0000000"))
for weight in weights:
    found = model.Property("Weight", value_type=model.datatypes.Decimal, value=weight)
    shells = model.DictIdentifiableStore([model.Submodel("urn:example:load", submodel_element=[found])])
    file = io.StringIO()
    write_aas_json_file(file, shells)
    written = json.loads(file.getvalue())
    text = written["submodels"][0]["submodelElements"][0]["value"]
    causes = [error.cause for error in verification.verify(jsonization.environment_from_jsonable(written))]
    root = etree.Element("value")
    root.text = text
    print(f"{weight:f} is written {text}; aas-core: {' '.join(causes) or 'valid'}; XML schema: {schema.validate(root)}")
PYTHON

still_seen <<'SEEN'
1500.5 is written 1500.5; aas-core: valid; XML schema: True
1500.0 is written 1500.0; aas-core: valid; XML schema: True
1500 is written 1.5E+3; aas-core: Value must be consistent with the value type.; XML schema: False
0.0000005 is written 5E-7; aas-core: Value must be consistent with the value type.; XML schema: False
0.0000000 is written 0E-7; aas-core: Value must be consistent with the value type.; XML schema: False
SEEN
