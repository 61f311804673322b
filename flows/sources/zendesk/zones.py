"""Zendesk's names of time zones, which are those of Ruby on Rails, and the IANA zones that they are."""

from __future__ import annotations

from zoneinfo import available_timezones

from flows.sources.api import Misshapen

_NAMES = """
Africa/Algiers: West Central Africa
Africa/Cairo: Cairo
Africa/Casablanca: Casablanca
Africa/Harare: Harare
Africa/Johannesburg: Pretoria
Africa/Monrovia: Monrovia
Africa/Nairobi: Nairobi
America/Argentina/Buenos_Aires: Buenos Aires
America/Bogota: Bogota
America/Caracas: Caracas
America/Chicago: Central Time (US & Canada)
America/Chihuahua: Chihuahua
America/Denver: Mountain Time (US & Canada)
America/Guatemala: Central America
America/Guyana: Georgetown
America/Halifax: Atlantic Time (Canada)
America/Indiana/Indianapolis: Indiana (East)
America/Juneau: Alaska
America/La_Paz: La Paz
America/Lima: Lima; Quito
America/Los_Angeles: Pacific Time (US & Canada)
America/Mazatlan: Mazatlan
America/Mexico_City: Guadalajara; Mexico City
America/Monterrey: Monterrey
America/Montevideo: Montevideo
America/New_York: Eastern Time (US & Canada)
America/Nuuk: Greenland
America/Phoenix: Arizona
America/Puerto_Rico: Puerto Rico
America/Regina: Saskatchewan
America/Santiago: Santiago
America/Sao_Paulo: Brasilia
America/St_Johns: Newfoundland
America/Tijuana: Tijuana
Asia/Almaty: Almaty
Asia/Baghdad: Baghdad
Asia/Baku: Baku
Asia/Bangkok: Bangkok; Hanoi
Asia/Colombo: Sri Jayawardenepura
Asia/Dhaka: Astana; Dhaka
Asia/Hong_Kong: Hong Kong
Asia/Irkutsk: Irkutsk
Asia/Jakarta: Jakarta
Asia/Jerusalem: Jerusalem
Asia/Kabul: Kabul
Asia/Kamchatka: Kamchatka
Asia/Karachi: Islamabad; Karachi
Asia/Kathmandu: Kathmandu
Asia/Kolkata: Chennai; Kolkata; Mumbai; New Delhi
Asia/Krasnoyarsk: Krasnoyarsk
Asia/Kuala_Lumpur: Kuala Lumpur
Asia/Kuwait: Kuwait
Asia/Magadan: Magadan
Asia/Muscat: Abu Dhabi; Muscat
Asia/Novosibirsk: Novosibirsk
Asia/Riyadh: Riyadh
Asia/Seoul: Seoul
Asia/Shanghai: Beijing; Chongqing
Asia/Singapore: Singapore
Asia/Srednekolymsk: Srednekolymsk
Asia/Taipei: Taipei
Asia/Tashkent: Tashkent
Asia/Tbilisi: Tbilisi
Asia/Tehran: Tehran
Asia/Tokyo: Osaka; Sapporo; Tokyo
Asia/Ulaanbaatar: Ulaanbaatar; Ulaan Bataar
Asia/Urumqi: Urumqi
Asia/Vladivostok: Vladivostok
Asia/Yakutsk: Yakutsk
Asia/Yangon: Rangoon
Asia/Yekaterinburg: Ekaterinburg
Asia/Yerevan: Yerevan
Atlantic/Azores: Azores
Atlantic/Cape_Verde: Cape Verde Is.
Atlantic/South_Georgia: Mid-Atlantic
Australia/Adelaide: Adelaide
Australia/Brisbane: Brisbane
Australia/Darwin: Darwin
Australia/Hobart: Hobart
Australia/Melbourne: Canberra; Melbourne
Australia/Perth: Perth
Australia/Sydney: Sydney
Etc/UTC: UTC
Europe/Amsterdam: Amsterdam
Europe/Athens: Athens
Europe/Belgrade: Belgrade
Europe/Berlin: Berlin
Europe/Bratislava: Bratislava
Europe/Brussels: Brussels
Europe/Bucharest: Bucharest
Europe/Budapest: Budapest
Europe/Copenhagen: Copenhagen
Europe/Dublin: Dublin
Europe/Helsinki: Helsinki
Europe/Istanbul: Istanbul
Europe/Kaliningrad: Kaliningrad
Europe/Kyiv: Kyiv; Kyev
Europe/Lisbon: Lisbon
Europe/Ljubljana: Ljubljana
Europe/London: Edinburgh; London
Europe/Madrid: Madrid
Europe/Minsk: Minsk
Europe/Moscow: Moscow; St. Petersburg
Europe/Paris: Paris
Europe/Prague: Prague
Europe/Riga: Riga
Europe/Rome: Rome
Europe/Samara: Samara
Europe/Sarajevo: Sarajevo
Europe/Skopje: Skopje
Europe/Sofia: Sofia
Europe/Stockholm: Stockholm
Europe/Tallinn: Tallinn
Europe/Vienna: Vienna
Europe/Vilnius: Vilnius
Europe/Volgograd: Volgograd
Europe/Warsaw: Warsaw
Europe/Zagreb: Zagreb
Europe/Zurich: Bern; Zurich
Pacific/Apia: Samoa
Pacific/Auckland: Auckland; Wellington
Pacific/Chatham: Chatham Is.
Pacific/Fakaofo: Tokelau Is.
Pacific/Fiji: Fiji
Pacific/Guadalcanal: Solomon Is.
Pacific/Guam: Guam
Pacific/Honolulu: Hawaii
Pacific/Majuro: Marshall Is.
Pacific/Midway: International Date Line West; Midway Island
Pacific/Noumea: New Caledonia
Pacific/Pago_Pago: American Samoa
Pacific/Port_Moresby: Port Moresby
Pacific/Tongatapu: Nuku'alofa
"""
ZONES = {
    name: zone
    for zone, names in (line.split(": ") for line in _NAMES.strip().splitlines())
    for name in names.split("; ")
}


def iana(name: str) -> str:
    """The IANA zone; a name that is one already stays. Raises Misshapen where nobody knows the name."""
    if zone := ZONES.get(name):
        return zone
    if name in available_timezones() and name != "localtime":
        return name
    raise Misshapen(f"{name[:40]!r} is a time zone that is not known; name the hours in [accounts.business_hours]")
