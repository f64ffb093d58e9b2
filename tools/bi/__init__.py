"""The Superset bundle and the sources of the dbt project, written from the catalog."""
