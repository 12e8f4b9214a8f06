#!/usr/bin/env python3
"""Reduce a hey-style text report to its shape.

usage: shape.py [--port PORT] [--raw] [--accept] <report >shape

Kept: sections, labels, their order, blank lines, tabs, trailing spaces, the
number of decimals, percentiles, status codes and the text of errors.
Replaced: every measured or counted number (1.2345 -> 0.0000, 200 -> 0), and
the histogram's bars, of which only the longest length is printed.
From the line "Loss:" on, the report is nodrop's own and is cut off.

--raw     replaces only the port (for the recordings)
--accept  also applies ACCEPTED; meant for hey's side
"""

import argparse
import re
import sys

# Where nodrop deliberately differs from hey: what hey prints, what nodrop prints
# instead, and why. Applied line by line to the shape of hey's report. Anything
# not listed here is a difference.
ACCEPTED = [
    (r"^(  [\w+/ -]+:\t) NaN secs", r"\g<1>0.0000 secs",
     "hey divides by zero if there is no response; nodrop prints no NaN"),
]

# The other accepted difference needs more than a pattern: with few requests, hey
# prints "0% in 0.0000" for a percentile that its loop never reaches. nodrop prints
# the percentile and a latency.
PERCENTILES = [10, 25, 50, 75, 90, 95, 99]
UNREACHED = "  0% in 0.0000 secs"


def accept(lines):
    for pattern, instead, _ in ACCEPTED:
        lines = [re.sub(pattern, instead, line) for line in lines]
    first = lines.index("Latency distribution:") + 1
    for i, percent in enumerate(PERCENTILES, first):
        if lines[i:i + 1] == [UNREACHED]:
            lines[i] = UNREACHED.replace("0%", f"{percent}%", 1)
    return lines


NUMBER = re.compile(r"\d+(?:\.(\d+))?")


def zeros(match):
    return "0." + "0" * len(match[1]) if match[1] else "0"


def shape(text):
    lines, bars, section = [], [], ""
    for line in text.splitlines():
        if line.startswith("Loss:"):
            break
        if line and not line.startswith((" ", "\t")):
            section = line.split(":")[0].split(" (")[0]
            lines.append(line)
            continue
        if section == "Response time histogram" and "|" in line:
            head, bar = line.split("|", 1)
            bars.append(bar)
            lines.append(NUMBER.sub(zeros, head) + "|" + bar.strip("■"))
            continue
        if bars:
            lines.append(f"(longest bar: {max(map(len, bars))})")
            bars = []
        if section == "Latency distribution":
            percent, word, value = line.partition(" in ")
            line = percent + word + NUMBER.sub(zeros, value)
        elif section == "Status code distribution":
            status, tab, count = line.partition("\t")
            line = status + tab + NUMBER.sub(zeros, count)
        elif section == "Error distribution":
            count, tab, message = line.partition("\t")
            line = NUMBER.sub(zeros, count) + tab + message
        else:
            line = NUMBER.sub(zeros, line)
        lines.append(line)
    return lines


def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("--port", help="printed as PORT")
    flags.add_argument("--raw", action="store_true")
    flags.add_argument("--accept", action="store_true")
    args = flags.parse_args()

    text = sys.stdin.buffer.read().decode()
    if args.port:
        text = re.sub(rf":{args.port}\b", ":PORT", text)
    if args.raw:
        sys.stdout.buffer.write(text.encode())
        return
    lines = shape(text)
    if args.accept:
        lines = accept(lines)
    sys.stdout.buffer.write("".join(line + "\n" for line in lines).encode())


if __name__ == "__main__":
    main()
