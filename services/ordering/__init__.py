"""Ordering: the Vorgang from the Interessensbekundung to productive use and its end."""
