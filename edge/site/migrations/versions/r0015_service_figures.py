"""Indices by which a day of parcels, stations and cases is found."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Adds indices by time."""
    for name, table, columns in (
        ("ix_parcel_state_delivered", "parcel_state", ["delivered_us"]),
        ("ix_parcel_track_promised", "parcel_track", ["promised_us"]),
        ("ix_service_case_opened", "service_case", ["opened_us"]),
        ("ix_quality_check_at", "quality_check", ["at_us"]),
        ("ix_pack_at", "pack", ["at_us"]),
    ):
        op.create_index(name, table, columns)
