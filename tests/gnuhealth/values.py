"""Random numbers, moments and counts, with those that serialisers get wrong among them."""

from datetime import datetime, timedelta

AMOUNTS = (0.0, -0.0, 1.0, 5.0, 0.1, 1e-07, 1e-05, 1e-04, 1e-05 / 3, 1 / 3, 2.5, 100.0, 1e15, 1e16, 1.5e16, 1e17,
           123456789012345678.0, 0.30000000000000004, 5e-324, 1.7976931348623157e308, -2.0)
COUNTS = (0, 1, 7, 120, -3, 2 ** 31 - 1, -2 ** 31)


def amount(random):
    if random.random() < 0.5:
        return random.choice(AMOUNTS)
    return random.uniform(-1, 1) * 10 ** random.randint(-9, 19)


def whole(random):
    return random.choice(COUNTS) if random.random() < 0.5 else random.randrange(1, 300)


def moment(random):
    moment = datetime(1970, 1, 1) + timedelta(seconds=random.randrange(0, 4_000_000_000))
    midnight = moment.replace(hour=0, minute=0, second=0)
    return random.choice([moment, midnight, datetime(1, 1, 1), datetime(9999, 12, 31)])


def child_count(random):
    return random.choice([0, 1, 1, 2, 2, 3, 3, 4, 7, 30] if random.random() < 0.3 else [1, 2, 3])


def in_batches(application, count, make, size=50):
    """Calls `make(number)` `count` times, `size` times in a transaction; returns what it returned."""
    made = []
    while len(made) < count:
        with application.transaction():
            for _ in range(min(size, count - len(made))):
                made.append(make(len(made)))
    return made
