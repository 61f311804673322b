"""The sections of the page: each module gives the values of the template of its name."""
