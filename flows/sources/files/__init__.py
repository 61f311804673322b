"""Source: a folder of files that somebody exported.

    <table>.<ext>  or  <table>/<any name>.<ext>      ext: jsonl, csv, parquet, jsonl.gz, csv.gz

`pull` is all there is to call; `folder` finds and recognises files, `formats` reads them, `repair` makes damaged
ones readable.
"""

from flows.sources.files.source import pull

__all__ = ["pull"]
