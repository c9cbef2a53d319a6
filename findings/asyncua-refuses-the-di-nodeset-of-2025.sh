#!/usr/bin/env bash
# The OPC Foundation's DI NodeSet of November 2025 is not imported by asyncua, for nine nodes that no server needs.
#
# Packages: asyncua==2.1.0 (PyPI), node-opcua-nodesets@2.185.0 (npm, which carries the Foundation's files)
# Guess: DI 1.05.0 is imported as DI 1.04 is.
# Behaviour: the file has nodes for design tools, marked DesignToolOnly="true" and without a parent. asyncua adds them as
#   the others, misses the first one's parent, and the import ends. Without those nodes the same file is imported whole.
# Seen: 2026-11-29, Debian 12, Python 3.11.7, Node 20

. "$(dirname "$0")/_tools"
pip_packages asyncua==2.1.0
npm_packages node-opcua-nodesets@2.185.0

"$python" -I - "$work/node_modules/node-opcua-nodesets/nodesets/Opc.Ua.Di.NodeSet2.xml" >"$saw" <<'PYTHON'
import asyncio
import logging
import sys
import xml.etree.ElementTree as tree
from pathlib import Path

from asyncua import Server

logging.disable(logging.CRITICAL)
NODESET = "{http://opcfoundation.org/UA/2011/03/UANodeSet.xsd}"


async def imported(path):
    server = Server()
    await server.init()
    try:
        nodes = await server.import_xml(path)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return f"{len(nodes)} nodes"


async def main():
    path = sys.argv[1]
    root = tree.parse(path).getroot()
    model = next(iter(root.iter(f"{NODESET}Model")))
    print(model.get("ModelUri"), model.get("Version"), model.get("PublicationDate"))
    print("as it is:", await imported(path))
    marked = [node for node in root if node.get("DesignToolOnly") == "true"]
    print("marked:", ", ".join(node.get("NodeId") for node in marked))
    for node in marked:
        root.remove(node)
    Path("without.xml").write_bytes(tree.tostring(root))
    print("without those:", await imported("without.xml"))


asyncio.run(main())
PYTHON

still_seen <<'SEEN'
http://opcfoundation.org/UA/DI/ 1.05.0 2025-11-15T00:00:00Z
as it is: BadParentNodeIdInvalid: The parent node id does not to refer to a valid node.(BadParentNodeIdInvalid)
marked: ns=1;i=73, ns=1;i=74, ns=1;i=75, ns=1;i=90, ns=1;i=91, ns=1;i=92, ns=1;i=93, ns=1;i=94, ns=1;i=95
without those: 438 nodes
SEEN
