-- Nothing yet.
{{ empty_table() }}
