"""The lake: what sources delivered, append-only, as Parquet with a verdict per row.

    loads/0000000012.json                       the manifest of one committed load, written last
    compacted/0000000001-0000000288.json        one manifest in the place of many whose files were rewritten
    data/<table>/0000000012-0000.parquet        what load 12 took from its first file, rows in the order of the file
    data/<table>/0000000001-0000000288.parquet  the rows of many loads, load by load
    data/parts/...                              what sources know of things that several of their answers speak of
    tmp/, compacting/                           scratch of a load, and of a compaction, under way

Only files that a manifest names are ever read, so a load exists whole or not at all. The columns of a
file: those of the table in `contract/landing.yml`, `updated_at`, then `_source`, `_load` (number), `_file`
(ordinal in the load, by path), `_position` (row in the file, from 1), `_loaded_at` (UTC, one per load),
`_refused` (null, or why: rule 2.2), `_payload` (JSON text; of refused rows, and of every order).
"""

from flows.lake.landing import WIDENED, as_amount, laid, lake_columns
from flows.lake.manifests import PARTS, Input, LakeFile, Load
from flows.lake.store import Lake, LoadWriter

__all__ = ["PARTS", "WIDENED", "Input", "Lake", "LakeFile", "Load", "LoadWriter", "as_amount", "laid", "lake_columns"]
