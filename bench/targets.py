"""The table and the plot of what `make bench` has measured, against what is wanted.

    python targets.py RESULTS.tsv TARGETS.md TARGETS.svg

RESULTS.tsv has a line for each value: measure, variant, repetition, value. A figure is the median of the quotients of two
variants within each repetition: their runs followed each other and so met the same machine. Where processor time was
measured too, it has a column of its own: on a machine with other work the clock measures that work as well.
"""

import argparse
import collections
import csv
import dataclasses
import statistics

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as pyplot  # noqa: E402  (the backend comes first)


@dataclasses.dataclass
class Target:
    """What is wanted: `over` / `under` of a measure (`under` None: the value itself) at least or at most `wanted`."""

    number: str
    work: str
    measure: str
    over: str
    under: str | None
    wanted: float
    at_least: bool = True
    unit: str = ""


TARGETS = [
    Target("1", "prescription with 3 lines, sealed: rate, of that without triggers", "prescribe", "C", "A", 0.70),
    Target("1", "the same, fsync on", "prescribe-fsync", "C", "A", 0.90),
    Target("2", "the same: rate, of plpgsql and pgcrypto", "prescribe", "C", "B", 1.5),
    Target("3", "write that touches no watched column: rate, of that without triggers", "unwatched", "C", "U", 0.97),
    Target("4", "COPY: time, of that without triggers", "copy", "C", "A", 2.5, at_least=False),
    Target("4", "COPY: time of plpgsql, of ours", "copy", "B", "C", 4),
    Target("5", "verify_all: rate, of check_digest", "content", "verify_all", "check_digest", 60),
    Target("6", "verify_all: time, of a set-based query", "content", "set_based", "verify_all", 1.3, at_least=False),
    Target("7", "signatures: time, of bare verification", "signatures", "bare", "verify_all", 1.3, at_least=False),
    Target("8", "signatures: rate, of gpg", "signatures", "verify_all", "gpg", 30),
    Target("8", "signatures: rate, of sqv", "signatures", "verify_all", "sqv", 15),
    Target("9", "two sessions, a share each: rate, of one", "shares", "two", "one", 1.8),
    Target("10", "memory, largest number of documents, MB", "memory, MB", "most", None, 64, at_least=False, unit=" MB"),
    Target("11", "time a document: most, of least documents", "sizes", "least", "most", 1.2, at_least=False),
    Target("12", "first verify() of a connection, ms", "cold, ms", "verify", None, 15, at_least=False, unit=" ms"),
]

# What a figure above could be at most, or consists of: nothing is wanted of these.
BOUNDS = [
    Target("1", "a trigger that only stores a constant and enters a seal: rate, of that without triggers", "prescribe", "F", "A", 0),
    Target("1", "the same with the text by the least query that makes it, and its SHA-512", "prescribe", "G", "A", 0),
    Target("6", "a set-based query that also compares text and register: time, of the set-based query", "content", "set_based", "set_based_sealed", 0),
    Target("7", "framing, policy and bare verification, no content: time, of bare verification", "signatures", "bare", "verify_signature", 0),
    Target("7", "Sequoia's own verification: time, of bare verification", "signatures", "bare", "sequoia", 0),
    Target("7", "signatures: time, of bare verification with Ed25519 too by OpenSSL", "signatures", "openssl", "verify_all", 0),
    Target("9", "two sessions of the set-based query: rate, of one", "shares", "set_based, two", "set_based, one", 0),
    Target("12", "any first statement of a connection, ms", "cold, ms", "nothing", None, 0, unit=" ms"),
]


def read(path):
    """Values by measure, variant and repetition."""
    values = collections.defaultdict(dict)
    with open(path, encoding="utf-8", newline="") as lines:
        for measure, variant, repetition, value in csv.reader(lines, delimiter="\t"):
            values[measure, variant][int(repetition)] = float(value)
    # By the number of documents: the smallest and the largest are what is compared.
    for measure in ("sizes", "sizes by processor time"):
        sizes = sorted((variant for known, variant in list(values) if known == measure), key=int)
        if sizes:
            values[measure, "least"], values[measure, "most"] = values[measure, sizes[0]], values[measure, sizes[-1]]
    sizes = sorted((variant for known, variant in list(values) if known == "memory, kB"), key=int)
    if sizes:
        values["memory, MB", "most"] = {n: v / 1024 for n, v in values["memory, kB", sizes[-1]].items()}
    return values


def figure(values, measure, target):
    """The median, or None if it was not measured."""
    over = values.get((measure, target.over), {})
    if target.under is None:
        return statistics.median(over.values()) if over else None
    under = values.get((measure, target.under), {})
    quotients = [over[n] / under[n] for n in over if under.get(n)]
    return statistics.median(quotients) if quotients else None


def shown(number, unit=""):
    return "not measured" if number is None else f"{number:.3g}{unit}"


def is_reached(number, target):
    return number is not None and (number >= target.wanted if target.at_least else number <= target.wanted)


def write_table(path, rows, bounds):
    with open(path, "w", encoding="utf-8") as out:
        out.write("| # | work and measure | by the clock | by processor time | wanted |\n|---|---|---|---|---|\n")
        for target, clock, processor in rows:
            wanted = f"{'at least' if target.at_least else 'at most'} {target.wanted:g}{target.unit}"
            by_processor = "" if processor is None else shown(processor, target.unit)
            out.write(f"| {target.number} | {target.work} | {shown(clock, target.unit)} | {by_processor} | {wanted} |\n")
        out.write("\n| # | what bounds it | by the clock | by processor time |\n|---|---|---|---|\n")
        for bound, clock, processor in bounds:
            by_processor = "" if processor is None else shown(processor, bound.unit)
            out.write(f"| {bound.number} | {bound.work} | {shown(clock, bound.unit)} | {by_processor} |\n")


def draw(path, rows):
    """For each target how far it was reached, on a logarithmic scale: to the right of the line is better than wanted."""
    rows = [(t, c, p) for t, c, p in rows if c is not None][::-1]
    figure_, axes = pyplot.subplots(figsize=(10, 0.5 * len(rows) + 1.2), layout="constrained")
    for place, (target, clock, processor) in enumerate(rows):
        for number, marker, name in ((clock, "o", "by the clock"), (processor, "D", "by processor time")):
            if number is None or number <= 0:
                continue
            reach = number / target.wanted if target.at_least else target.wanted / number
            color = "tab:green" if is_reached(number, target) else "tab:red"
            axes.plot([1, reach], [place, place], color=color, alpha=0.35, linewidth=5, solid_capstyle="butt")
            axes.plot(reach, place, marker, color=color, label=name)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda x, _: f"{x:g}"))
    axes.set_yticks(range(len(rows)))
    axes.set_yticklabels(
        [f"{t.number}  {t.work}: {shown(c, t.unit)} ({'≥' if t.at_least else '≤'} {t.wanted:g})" for t, c, _ in rows]
    )
    axes.set_xlabel("of what is wanted (right of 1: better)")
    axes.margins(y=0.04)
    handles = [
        matplotlib.lines.Line2D([], [], marker=marker, linestyle="", color="gray", label=name)
        for marker, name in (("o", "by the clock"), ("D", "by processor time"))
    ]
    axes.legend(handles=handles, loc="lower right", frameon=False)
    figure_.savefig(path, metadata={"Date": None})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results")
    parser.add_argument("table")
    parser.add_argument("plot")
    arguments = parser.parse_args()
    values = read(arguments.results)
    rows, bounds = (
        [(t, figure(values, t.measure, t), figure(values, f"{t.measure} by processor time", t)) for t in targets]
        for targets in (TARGETS, BOUNDS)
    )
    write_table(arguments.table, rows, bounds)
    draw(arguments.plot, rows)
    print(open(arguments.table, encoding="utf-8").read())


if __name__ == "__main__":
    main()
