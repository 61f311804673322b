-- The history of publications; filled while publishing.
{{ empty_table() }}
