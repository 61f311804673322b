"""A believable demo shop, the same on every machine, for the first five minutes.

Two accounts in landing form: Aurora Moda (Brazil, fashion, America/Sao_Paulo, BRL) and Nordlicht
Outdoor (Germany, Europe/Berlin, EUR).
"""

from flows.demo.write import write_shop

__all__ = ["write_shop"]
