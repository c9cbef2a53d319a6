"""Which tags belong to which parcel or tote."""
