"""What each verb does, as plain functions that know nothing of Prefect or of a terminal."""
