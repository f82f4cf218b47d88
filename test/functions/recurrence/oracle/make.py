"""Makes the answers that oracle.test.ts compares with: 5,000 random rules, expanded by python-dateutil over five years.

    python3 -m venv venv && venv/bin/pip install python-dateutil==4.0.0 tzdata==2026.6
    venv/bin/python make.py > rules.jsonl

A line is [rule, start, zone, first instant, steps]: instants are minutes since 1970 in UTC, steps are what lies between two of them,
in minutes, "1440*6" being six of the same. Local times become instants by zoneinfo with fold=0: one that is skipped moves by the gap,
one that comes twice is the first.

What is left out, and why: WEEKLY with BYMONTHDAY, and BYSETPOS alone (RFC 5545 forbids them; dateutil takes them); BYDAY with and without
ordinals in one rule (dateutil takes the days that are both, RFC 5545 those that are either).
"""

import datetime as datetime_module
import json
import random
from datetime import datetime, timedelta, timezone
from itertools import groupby
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

RULES = 5_000
ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "Pacific/Auckland",
    "America/Santiago",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "UTC",
]
TIMES = ["00:00", "01:30", "01:45", "02:15", "02:30", "06:45", "23:59"]
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
FIRST, LAST = datetime(2024, 1, 1), datetime(2025, 12, 31)
YEARS_IN_DAYS = 5 * 365 + 1

# Where dateutil gives up looking. Rules without a date in the five years are not compared.
datetime_module.MAXYEAR = 2031

pick = random.Random(5545)


def some(of, most):
    return sorted(pick.sample(of, pick.randint(1, min(most, len(of)))))


def listed(values):
    return ",".join(str(value) for value in values)


def random_rule():
    frequency = pick.choice(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
    parts = {"FREQ": frequency}
    if pick.random() < 0.6:
        parts["INTERVAL"] = pick.choice([1, 2, 2, 3, 3, 4, 5, 6, 7, 10, 12, 14, 18, 30, 45])
    by = {}
    if pick.random() < 0.55:
        days = pick.sample(DAYS, pick.randint(1, 4))
        if frequency in ("MONTHLY", "YEARLY") and pick.random() < 0.6:
            most = 5 if frequency == "MONTHLY" or pick.random() < 0.5 else 53
            days = [f"{pick.choice([n for n in range(-most, most + 1) if n != 0])}{day}" for day in days]
        by["BYDAY"] = listed(days)
    if frequency != "WEEKLY" and pick.random() < 0.4:
        by["BYMONTHDAY"] = listed(some([n for n in range(-31, 32) if n != 0], 6))
    if pick.random() < 0.35:
        by["BYMONTH"] = listed(some(range(1, 13), 5))
    if by and frequency != "DAILY" and pick.random() < 0.3:
        by["BYSETPOS"] = listed(some([-5, -3, -2, -1, 1, 2, 3, 4, 7], 3))
    parts.update(by)
    if pick.random() < 0.4:
        parts["WKST"] = pick.choice(DAYS)
    end = pick.random()
    if end < 0.15:
        parts["COUNT"] = pick.choice([1, 2, 5, 10, 40, 400])
    elif end < 0.3:
        until = FIRST + timedelta(minutes=pick.randint(400, 2_000) * 1440 + pick.choice([0, 17, 330, 1005, 1425]))
        parts["UNTIL"] = until.strftime("%Y%m%dT%H%M%SZ")
    order = list(parts.items())
    pick.shuffle(order)
    return ";".join(f"{name}={value}" for name, value in order)


def random_start():
    day = FIRST + timedelta(days=pick.randint(0, (LAST - FIRST).days))
    # Month ends and leap days are where rules differ.
    if pick.random() < 0.2:
        day = pick.choice([datetime(2024, 2, 29), datetime(2024, 1, 31), datetime(2025, 8, 31), datetime(2024, 12, 31)])
    hour, minute = pick.choice(TIMES).split(":")
    return day.replace(hour=int(hour), minute=int(minute))


def minutes_of(local):
    instant = local.replace(fold=0).astimezone(timezone.utc)
    return int(instant.timestamp()) // 60


def instants_of(rule, start, zone):
    aware = start.replace(tzinfo=ZoneInfo(zone))
    end = aware + timedelta(days=YEARS_IN_DAYS)
    try:
        return [minutes_of(local) for local in rrulestr(rule, dtstart=aware).between(aware, end, inc=True)]
    except IndexError:
        # dateutil counts past its table for some ordinals in December.
        return []


def steps_of(instants):
    steps = [later - earlier for earlier, later in zip(instants, instants[1:])]
    runs = ((step, len(list(run))) for step, run in groupby(steps))
    return ",".join(f"{step}*{times}" if times > 1 else str(step) for step, times in runs)


made = 0
while made < RULES:
    zone = ZONES[made % len(ZONES)]
    rule, start = random_rule(), random_start()
    instants = instants_of(rule, start, zone)
    if not instants:
        continue
    print(json.dumps([rule, start.strftime("%Y-%m-%dT%H:%M"), zone, instants[0], steps_of(instants)], separators=(",", ":")))
    made += 1
