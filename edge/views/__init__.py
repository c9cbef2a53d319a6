"""Folds over the journal's records: what pages, terminals and reports show."""
