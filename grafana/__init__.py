"""The dashboards and alert rules of Lanewise as code; `python -m grafana` writes them, `--check` compares and lints.

Read in this order: influxql.py (a query that is checked against edge/publish/schema.py), panels.py (the kinds of panels
and their colours), board.py (a page of panels, in English and Traditional Chinese), then the pages themselves, one file
each: overview, lanes, decisions, portals, plcs, reliability, shipments, trace, order_flow, service; alerts.py; lint.py.
"""
