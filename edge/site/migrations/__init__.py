"""How stores of earlier versions become those of this one, revision by revision, by alembic."""
