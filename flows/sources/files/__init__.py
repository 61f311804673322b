"""Source: a folder of files that somebody exported.

    <table>.<ext>  or  <table>/<any name>.<ext>      ext: jsonl, csv, parquet, jsonl.gz, csv.gz

`pull` is all there is to call, and `read_again` for what the lake lost. `folder` finds files, `digests` knows them
again, `loading` writes each into the load. It reads with `formats`; `delivered` and `headers` know what people export,
`repair` makes damaged files readable, and `counting` shows that no row was lost.
"""

from flows.sources.files.again import read_again
from flows.sources.files.source import pull

__all__ = ["pull", "read_again"]
