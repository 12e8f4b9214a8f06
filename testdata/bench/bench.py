#!/usr/bin/env python3
"""Compares nodrop with other load generators against one nginx.

usage: bench.py [--rounds N] [--seconds S] [--only NAME,…] [--connections C,…]
                [--figures peers,start,memory,recorder] [--gate] [--out FILE]
                [--modes new,keep-alive,tls-new,tls-resumed,tls-keep-alive]
                [--flags 'FLAGS of nodrop'] [--base REVISION]

With --base, nodrop at that revision is measured too, and must not be better.

nginx has one CPU to itself and the tool has another: one thread against one.
The tools take turns, in a different order each round, and only ratios within a
round are compared. The output is Markdown; FILE gets one JSON object per line
for each run. The limits come last. With --gate, a limit that is missed or not
measured is listed on stderr, and the exit status is 1.

As root, or if users may create namespaces, everything runs in a separate network
namespace with long queues and many ports; otherwise on plain loopback. The
machine's own settings never change.
"""

import argparse
import datetime
import json
import os
import resource
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from statistics import median

import machine
from peers import KEEPALIVE_ONLY, PEERS, TLS_TOOLS, Job

HERE = os.path.dirname(os.path.abspath(__file__))
MODES = {
    "new": "a new connection for every request", "keep-alive": "keep-alive",
    "tls-new": "TLS, a new connection with a full handshake for every request",
    "tls-resumed": "TLS, a new connection with a resumed session for every request",
    "tls-keep-alive": "TLS, keep-alive",
}
CLEARTEXT = ("new", "keep-alive")
FRESH = ("new", "tls-new", "tls-resumed")
MANY = 10000  # connections; only MANY_TOOLS are measured with so many
MANY_TOOLS = ("nodrop", "wrk")
FULL = 0.95  # a server this busy limits requests/s
PACE = 0.85  # of a CPU: if neither side is this busy, something else limits both
NOISY = 0.10  # share of the two CPUs that other processes may take
MB = 1e6

# The limits at 200 connections: figure · mode · relation · limit · limit if nginx
# was FULL under both. "a/b" is the median of the ratios within each round.
LIMITS = [
    ("CPU per request, nodrop/wrk", "new", "<=", 1.00, None),
    ("CPU per request, nodrop/wrk", "keep-alive", "<=", 1.00, None),
    ("requests/s, nodrop/wrk", "new", ">=", 1.00, 0.97),
    ("requests/s, nodrop/wrk", "keep-alive", ">=", 1.00, 0.97),
    ("requests/s, nodrop/hey", "new", ">=", 2.00, None),
    ("requests/s, nodrop/hey", "keep-alive", ">=", 3.50, None),
    ("CPU per request, nodrop/hey", "new", "<=", 0.33, None),
    ("CPU per request, nodrop/hey", "keep-alive", "<=", 0.20, None),
    ("CPU per request, nodrop/base", "new", "<=", 1.00, None),
    ("CPU per request, nodrop/base", "keep-alive", "<=", 1.00, None),
    ("requests/s, nodrop/base", "new", ">=", 1.00, 0.97),
    ("requests/s, nodrop/base", "keep-alive", ">=", 1.00, 0.97),
    ("user share of nodrop's CPU", "new", "<=", 0.10, None),
    ("user share of nodrop's CPU", "keep-alive", "<=", 0.25, None),
    ("peak RSS, n = 5,000,000/50,000", "keep-alive", "<=", 1.05, None),
    ("peak RSS in MB, c = 200", "keep-alive", "<=", 20, None),
    ("CPU per request, nodrop/hey", "tls-new", "<=", 1.00, None),
    ("CPU per request, nodrop/wrk", "tls-resumed", "<=", 1.50, None),
    ("CPU per request, nodrop/wrk", "tls-keep-alive", "<=", 1.00, None),
    ("requests/s, nodrop/pool", "tls-new", ">=", 1.00, None),
    ("requests/s, nodrop/pool", "tls-resumed", ">=", 1.00, None),
    ("requests/s, nodrop/pool", "tls-keep-alive", ">=", 1.10, None),
    ("peak RSS in MB, c = 200", "tls-new", "<=", 40, None),
    ("peak RSS in MB, c = 200", "tls-resumed", "<=", 40, None),
    ("peak RSS in MB, c = 200", "tls-keep-alive", "<=", 40, None),
    ("peak RSS in MB, c = 10,000", "new", "<=", 64, None),
    ("peak RSS in MB, c = 10,000", "keep-alive", "<=", 64, None),
    ("requests/s, -o ndjson=/dev/null/without", "new", ">=", 0.85, None),
    ("requests/s, -o ndjson=/dev/null/without", "keep-alive", ">=", 0.85, None),
]
START_LIMIT = 0.030  # seconds to the first request; depends on the machine, so shown but not judged


@dataclass
class Reached:
    """A measured figure."""

    value: float
    values: list = None  # of each round
    full: bool = False  # nginx was the limit
    held: bool = False  # something else was the limit: requests/s mean nothing


class Bench:
    def __init__(self, args, tools, scratch):
        self.args, self.tools, self.scratch = args, tools, scratch
        self.server_cpu, self.client_cpu = sorted(os.sched_getaffinity(0))[:2]
        self.nginx = machine.Nginx(scratch, self.server_cpu)
        self.log = open(args.out, "w", encoding="utf-8")
        self.rows = []
        self.reached = {}  # (figure, mode) → Reached

    def record(self, **fields):
        fields["ended"] = datetime.datetime.now().astimezone().isoformat(timespec="milliseconds")
        self.log.write(json.dumps(fields) + "\n")
        self.log.flush()

    def say(self, text):
        if sys.stderr.isatty():
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)

    def job(self, mode, c, **more):
        url = self.nginx.tls if mode in TLS_TOOLS else self.nginx.url
        job = Job(url, c, self.args.seconds, mode in FRESH, self.scratch, flags=self.args.flags,
                  resume=mode == "tls-resumed")
        if c >= MANY:  # opening them takes most of a second
            job.seconds = max(2 * job.seconds, 4)
        return replace(job, **more)

    def measure(self, kind, name, mode, job, round_=0, patience=None):
        """One run of a tool: its cost, and the counts of both sides."""
        self.say(f"{kind}: round {round_ + 1}, {mode}, c = {job.connections}, {name}")
        call, reader = PEERS[name]
        path = self.tools[name]["path"]
        row = {"kind": kind, "tool": name, "mode": mode, "c": job.connections, "round": round_,
               "flags": job.flags if name in ("nodrop", "base") else []}
        self.nginx.idle()
        cpus = (self.server_cpu, self.client_cpu)
        _, accepts, requests = self.nginx.status()
        drops, server = machine.dropped(), self.nginx.cpu()
        before, begin = machine.busy(cpus), time.monotonic()
        try:
            spent = machine.run(call(path, job), self.client_cpu, self.scratch, patience or job.seconds + 30)
        except TimeoutError as e:
            self.record(**row, error=str(e))
            return row | {"error": str(e)}
        server = self.nginx.cpu() - server
        worked, stolen = (b - a for a, b in zip(before, machine.busy(cpus)))
        possible = 2 * (time.monotonic() - begin)
        time.sleep(0.02)  # the server may still have queued requests
        _, accepts2, requests2 = self.nginx.status()
        try:
            if spent.status:
                raise ValueError(f"exit status {spent.status}")
            ok, failed = reader(spent.out, path, job)
            if not ok:
                raise ValueError("no request succeeded")
        except (ValueError, TypeError, AttributeError, KeyError, subprocess.CalledProcessError) as e:
            row["error"] = f"{e}: {' '.join((spent.err or spent.out).split())[-200:]}"
            self.record(**row)
            return row
        row |= {
            "seconds": spent.seconds, "ok": ok, "failed": failed,
            "server_requests": requests2 - requests - 1, "server_accepts": accepts2 - accepts - 1,
            "rps": ok / spent.seconds,
            "cpu": (spent.user + spent.system) / ok * 1e6,
            "user": spent.user / ok * 1e6, "system": spent.system / ok * 1e6,
            "rss": spent.rss, "server": server / spent.seconds, "client": (spent.user + spent.system) / spent.seconds,
            "others": max(0, worked - server - spent.user - spent.system) / possible,
            "stolen": stolen / possible, "dropped": machine.dropped() - drops,
        }
        self.check(row)
        self.record(**row)
        return row

    def check(self, row):
        """Records in row what makes its figures doubtful."""
        doubts, c = [], row["c"]
        told, saw, accepts = row["ok"] + row["failed"], row["server_requests"], row["server_accepts"]
        slack = c + told // 100
        if abs(saw - told) > slack:
            doubts.append(f"reports {told:,} requests, nginx saw {saw:,}")
        if row["mode"] in FRESH and abs(accepts - saw) > slack:
            doubts.append(f"{saw:,} requests on {accepts:,} connections")
        if row["mode"] not in FRESH and not c - c // 100 <= accepts <= 2 * c + row["failed"]:
            doubts.append(f"{accepts:,} connections instead of {c:,}")
        if row["failed"]:
            doubts.append(f"{row['failed']:,} of {told:,} failed")
        if row["dropped"]:
            doubts.append(f"{row['dropped']:,} connection attempts hit a full queue")
        row["doubts"] = doubts

    # The tools compared.

    def peers(self):
        room = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 100
        cells = [(mode, c) for c in self.args.connections for mode in self.args.modes
                 if c <= room and (c == 200 or mode not in TLS_TOOLS)]
        for c in self.args.connections:
            if c > room:
                print(f"Skipped c = {c:,}: a process may open at most {room + 100:,} files.")
        for round_ in range(self.args.rounds):
            for mode, c in cells:
                names = [n for n in self.tools if (c < MANY or n in MANY_TOOLS) and can(n, mode)]
                turn = round_ % len(names)
                names = names[turn:] + names[:turn]
                for name in reversed(names) if round_ % 2 else names:
                    self.rows.append(self.measure("peers", name, mode, self.job(mode, c), round_))
        self.say("")
        for mode, c in cells:
            self.table(mode, c)

    def table(self, mode, c):
        print(f"\n**{MODES[mode]}, c = {c:,}**\n")
        print("| | requests/s | CPU µs/request | user + system | peak RSS MB | nginx busy "
              "| requests/s: nodrop ÷ tool | CPU per request: nodrop ÷ tool |")
        print("|---|--:|--:|--:|--:|--:|--:|--:|")
        here = [r for r in self.rows if (r["mode"], r["c"]) == (mode, c)]
        notes = []
        for name in self.tools:
            runs = [r for r in here if r["tool"] == name]
            good = [r for r in runs if "error" not in r]
            notes += self.notes(name, runs)
            if not good:
                if runs:
                    print(f"| {self.title(name)} | – | – | – | – | – | – | – |")
                continue
            mid = {k: median(r[k] for r in good) for k in ("rps", "cpu", "user", "system", "rss", "server")}
            ratios = ["1" if name == "nodrop" else show_ratio(self.ratio(mode, c, name, k)) for k in ("rps", "cpu")]
            print(f"| {self.title(name)} | {mid['rps']:,.0f} | {mid['cpu']:.1f} "
                  f"| {mid['user']:.1f} + {mid['system']:.1f} | {mid['rss'] / MB:.1f} | {mid['server']:.0%} "
                  f"| {ratios[0]} | {ratios[1]} |")
        full = [n for n in self.tools if self.full(mode, c, n)]
        if full:
            notes.append(f"nginx was ≥ {FULL:.0%} busy under {', '.join(full)}: "
                         "there the server limits requests/s, and only CPU distinguishes the tools")
        print("".join(f"\n- {n}" for n in notes))
        if c == 200:
            self.reach(mode)

    def title(self, name):
        return f"{name.removesuffix('-debian')} {self.tools[name]['version']}"

    def notes(self, name, runs):
        said = {}
        for r in runs:
            for doubt in [r["error"]] if "error" in r else r["doubts"]:
                said.setdefault(doubt, []).append(str(r["round"] + 1))
        return [f"{name}, round {', '.join(rounds)}: {doubt}" for doubt, rounds in said.items()]

    def full(self, mode, c, *names):
        busy = [[r["server"] for r in self.rows if "error" not in r and (r["mode"], r["c"], r["tool"]) == (mode, c, n)]
                for n in names]
        return all(b and median(b) >= FULL for b in busy)

    def ratio(self, mode, c, name, figure):
        """nodrop's figure ÷ the tool's, round by round."""
        of = {(r["tool"], r["round"]): r[figure] for r in self.rows
              if (r["mode"], r["c"]) == (mode, c) and "error" not in r}
        return [of["nodrop", i] / of[name, i] for i in range(self.args.rounds)
                if ("nodrop", i) in of and (name, i) in of]

    def reach(self, mode):
        for peer, name in (("wrk", "wrk"), ("pool", "pool"), ("hey", "hey" if "hey" in self.tools else "hey-debian"), ("base", "base")):
            full = self.full(mode, 200, "nodrop", name)
            held = held_up([r for r in self.rows
                            if (r["mode"], r["c"]) == (mode, 200) and r["tool"] in ("nodrop", name)])
            for figure, key in (("requests/s", "rps"), ("CPU per request", "cpu")):
                ratios = self.ratio(mode, 200, name, key)
                if ratios:
                    self.reached[f"{figure}, nodrop/{peer}", mode] = Reached(median(ratios), ratios, full, held)
        shares = [r["user"] / r["cpu"] for r in self.rows
                  if (r["tool"], r["mode"], r["c"]) == ("nodrop", mode, 200) and "error" not in r]
        if mode in TLS_TOOLS:
            rss = [r["rss"] / MB for r in self.rows
                   if (r["tool"], r["mode"], r["c"]) == ("nodrop", mode, 200) and "error" not in r]
            if rss:
                self.reached["peak RSS in MB, c = 200", mode] = Reached(max(rss))
        elif shares:
            self.reached["user share of nodrop's CPU", mode] = Reached(median(shares), shares)

    # Figures of nodrop alone.

    def start(self):
        """Time from exec to the first byte of a request at a listener."""
        print("\n**start-up: from exec to the first request at the server**\n")
        names = [n for n in ("nodrop", "hey", "hey-debian") if n in self.tools]
        times = {n: [] for n in names}
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", machine.free_port()))
            listener.listen()
            listener.settimeout(10)
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
            for i in range(20):
                self.say(f"start: {i + 1} of 20")
                for name in names:
                    times[name].append(first_request([self.tools[name]["path"], "-n", "1", "-c", "1", url], listener))
        self.say("")
        for name in names:
            self.record(kind="start", tool=name, seconds=times[name])
            least, mid, most = (f(times[name]) * 1000 for f in (min, median, max))
            limit = f"; must be < {START_LIMIT * 1000:.0f} ms" if name == "nodrop" else ""
            print(f"- {self.title(name)}: {mid:.1f} ms ({least:.1f}–{most:.1f}){limit}")

    def memory(self):
        print("\n**peak RSS of nodrop**\n")
        rss = {}
        for n in (50_000, 5_000_000):
            job = self.job("keep-alive", 200, requests=n)
            rss[n] = self.peak("keep-alive", job, f"c = 200, keep-alive, n = {n:,}", patience=900)
        if all(rss.values()):
            ratio = rss[5_000_000] / rss[50_000]
            print(f"- for 100 times the requests: × {ratio:.3f}")
            self.reached["peak RSS, n = 5,000,000/50,000", "keep-alive"] = Reached(ratio)
            self.reached["peak RSS in MB, c = 200", "keep-alive"] = Reached(max(rss.values()) / MB)
        for mode in CLEARTEXT:
            rss = self.peak(mode, self.job(mode, MANY), f"c = {MANY:,}, {MODES[mode]}")
            if rss:
                self.reached["peak RSS in MB, c = 10,000", mode] = Reached(rss / MB)

    def peak(self, mode, job, title, patience=None):
        row = self.measure("memory", "nodrop", mode, job, patience=patience)
        self.say("")
        if "error" in row:
            print(f"- {title}: {row['error']}")
            return None
        doubts = "".join(f"; {d}" for d in row["doubts"])
        print(f"- {title}: {row['rss'] / MB:.1f} MB ({row['ok']:,} requests, "
              f"{row['server_accepts']:,} connections{doubts})")
        return row["rss"]

    def recorder(self):
        print("\n**cost of a row per request: requests/s and CPU with the output ÷ without, c = 200**\n")
        kinds = [k for k in ("csv", "ndjson") if self.knows(k)]
        for mode in CLEARTEXT:
            rows = {}
            for i in range(self.args.rounds):
                outputs = [None, *kinds]
                for kind in reversed(outputs) if i % 2 else outputs:
                    flags = self.args.flags + ([f"-o={kind}=/dev/null"] if kind else [])
                    rows[kind, i] = self.measure("recorder", "nodrop", mode, self.job(mode, 200, flags=flags), i)
            self.say("")
            for kind in kinds:
                pairs = [(rows[kind, i], rows[None, i]) for i in range(self.args.rounds)]
                pairs = [(a, b) for a, b in pairs if "error" not in a and "error" not in b]
                if not pairs:
                    print(f"- -o {kind}=/dev/null, {MODES[mode]}: {rows[kind, 0].get('error')}")
                    continue
                rps, cpu = ([a[k] / b[k] for a, b in pairs] for k in ("rps", "cpu"))
                held = held_up([row for pair in pairs for row in pair])
                self.reached[f"requests/s, -o {kind}=/dev/null/without", mode] = Reached(median(rps), rps, held=held)
                print(f"- -o {kind}=/dev/null, {MODES[mode]}: "
                      f"requests/s × {show_ratio(rps)}, CPU × {show_ratio(cpu)}")
        print("".join(f"- this nodrop has no -o {k}\n" for k in ("csv", "ndjson") if k not in kinds), end="")

    def knows(self, kind):
        argv = [self.tools["nodrop"]["path"], "-n", "1", "-c", "1", f"-o={kind}=/dev/null", self.nginx.url]
        return subprocess.run(argv, capture_output=True, stdin=subprocess.DEVNULL).returncode == 0

    # The conclusion.

    def noise(self):
        rows = [r for r in self.rows if "error" not in r]
        if not rows:
            return
        others, stolen = ([r[k] for r in rows] for k in ("others", "stolen"))
        print(f"\nNoise: other processes and kernel work took {median(others):.0%} of the two CPUs during the "
              f"median run, {max(others):.0%} during the worst; the hypervisor took {median(stolen):.0%} and "
              f"{max(stolen):.0%}. (min–max) is the range of the ratios over {self.args.rounds} rounds.")
        idle = sum(max(r["client"], r["server"]) < PACE for r in rows)
        print(f"In {idle} of {len(rows)} runs neither nginx nor the tool used {PACE:.0%} of its CPU: "
              "something else limited them, so their requests/s mean nothing.")
        if median(others) + median(stolen) > NOISY:
            print("\n**The machine was not idle: these figures understate what it can do. Requests/s mean little, and "
                  "CPU per request is too high for every tool; only the ratios of CPU per request are usable.**")

    def judge(self):
        """Prints each limit with its figure; returns the limits that were missed."""
        print("\n**limits, at c = 200 unless stated otherwise**\n")
        print("| figure | | must be | is | |\n|---|---|--:|--:|---|")
        missed = []
        for figure, mode, relation, limit, when_full in LIMITS:
            if figure.startswith("requests/s, -o ndjson") and not self.knows("ndjson"):
                print(f"| {figure} | {mode} | {relation} {limit} | – | this nodrop has no such output |")
                continue
            got = self.reached.get((figure, mode))
            if got is None and (not self.args.gate or figure.endswith("/base") and not self.args.base):
                continue
            if got and got.full and when_full is not None:
                limit = when_full
            if got is None:
                is_, word = "–", "**not measured**"
            else:
                is_ = show_ratio(got.values) if got.values else f"{got.value:.3g}"
                word = judgement(figure, got, relation, limit)
            print(f"| {figure} | {mode} | {relation} {limit:g} | {is_} | {word} |")
            if "**" in word:
                missed.append(f"{figure}, {mode}: {word.replace('**', '')}: {is_}, must be {relation} {limit:g}")
        return missed


def can(name, mode):
    """Whether a tool is measured in a mode."""
    if mode in TLS_TOOLS:
        return name in TLS_TOOLS[mode]
    return name != "pool" and (mode not in FRESH or name not in KEEPALIVE_ONLY)


def judgement(figure, got, relation, limit):
    """The verdict on a figure, in bold unless it passes."""
    if figure.startswith("requests/s") and got.held:
        return "**cannot tell**: the machine was not idle"
    good = got.value <= limit if relation == "<=" else got.value >= limit
    word = "" if good else "**missed**"
    if got.values and min(got.values) <= limit <= max(got.values):
        word += " (rounds on both sides of the limit)"
    return word.strip()


def held_up(rows):
    """Whether neither nginx nor the tool had a CPU to itself in most of these runs."""
    rows = [r for r in rows if "error" not in r]
    return sum(max(r["client"], r["server"]) < PACE for r in rows) * 2 > len(rows)


def show_ratio(values):
    if not values:
        return "–"
    return f"{median(values):.2f} ({min(values):.2f}–{max(values):.2f})"


def first_request(argv, listener):
    begin = time.monotonic()
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    machine.running[process.pid] = argv[0]
    connection, _ = listener.accept()
    with connection:
        connection.settimeout(10)
        connection.recv(1)
        seconds = time.monotonic() - begin
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    process.wait(10)
    del machine.running[process.pid]
    return seconds


def get_tools(names, directory):
    """Builds nodrop and finds or builds the others; returns which are not available."""
    with subprocess.Popen([f"{HERE}/peers.sh", directory, *names], stdout=subprocess.PIPE, text=True) as script:
        try:
            lines = script.stdout.read().splitlines()
        except BaseException:
            script.terminate()  # it ends what it started
            raise
    if script.returncode:
        sys.exit(script.returncode)
    tools, lacking = {}, {}
    for line in lines:
        name, version, path = line.split("\t")
        if version == "-":
            lacking[name] = path
        else:
            tools[name] = {"version": version, "path": path}
    return {"tools": tools, "lacking": lacking}


def enter_own_network():
    """Restarts this program in its own network namespace, if possible."""
    for how in (["unshare", "--net"], ["unshare", "--map-root-user", "--net"]):
        try:
            if subprocess.run([*how, "ip", "link", "set", "lo", "up"], capture_output=True).returncode == 0:
                os.execvp(how[0], [*how, sys.executable, *sys.argv, "--inside"])
        except FileNotFoundError:
            return


def names(text):
    return text.split(",")


def parse():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                usage=argparse.SUPPRESS)
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--seconds", type=float, default=2)
    p.add_argument("--only", type=names, default=list(PEERS))
    p.add_argument("--connections", type=lambda s: [int(c) for c in s.split(",")], default=[50, 200, 1000, MANY])
    p.add_argument("--modes", type=names, default=list(MODES))
    p.add_argument("--figures", type=names, default=["peers", "start", "memory", "recorder"])
    p.add_argument("--gate", action="store_true")
    p.add_argument("--out", default=os.devnull)
    p.add_argument("--flags", type=shlex.split, default=[])
    p.add_argument("--base", default="", metavar="REVISION")
    p.add_argument("--tools", help=argparse.SUPPRESS)  # directory with the tools and what get_tools found
    p.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return p.parse_args()


def prepare(args, scratch):
    """The first half, outside the namespace: building needs the network."""
    os.environ["BASE"] = args.base
    found = get_tools([n for n in PEERS if n in args.only or n == "base" and args.base], scratch)
    with open(f"{scratch}/tools", "w", encoding="utf-8") as f:
        json.dump(found, f)
    sys.argv += ["--tools", scratch]


def introduce(bench, found):
    about = machine.describe() | {
        "date": datetime.date.today().isoformat(), "rounds": bench.args.rounds, "seconds": bench.args.seconds,
        "network": "own" if bench.args.inside else "shared",
        "tools": {n: t["version"] for n, t in found["tools"].items()}, "lacking": found["lacking"],
    }
    bench.record(kind="machine", **about)
    print(f"{about['date']}, nodrop {found['tools']['nodrop']['version']}, {about['cores']} × {about['cpu']}, "
          f"Linux {about['kernel']}, nginx {about['nginx']}; {about['rounds']} rounds of {about['seconds']:g} s each; "
          f"load average {about['load']:.1f} at the start.")
    print("In a separate network namespace." if bench.args.inside else
          f"On plain loopback, ports {about['ports']}: cannot create a namespace.")
    for name, why in found["lacking"].items():
        print(f"Without {name}: {why}.")
    for name, why in KEEPALIVE_ONLY.items():
        if name in found["tools"]:
            print(f"{name} only with keep-alive: {why}.")


def main():
    args = parse()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job of a shell ignores it by default
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    scratch = args.tools or tempfile.mkdtemp(prefix="nodrop-bench-")
    try:
        if not args.tools:
            prepare(args, scratch)
            enter_own_network()  # returns only if it cannot
            args.tools = scratch
        elif args.inside:
            machine.own_network()
        return measure(args, scratch)
    except KeyboardInterrupt:
        return 130
    finally:
        machine.finish()
        shutil.rmtree(scratch, ignore_errors=True)


def measure(args, scratch):
    if len(os.sched_getaffinity(0)) < 2:
        print("bench.py: needs two CPUs, one for nginx and one for the tool", file=sys.stderr)
        return 2
    sys.stdout.reconfigure(line_buffering=True)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    found = json.loads(machine.read(f"{scratch}/tools"))
    bench = Bench(args, found["tools"], scratch)
    introduce(bench, found)
    for figure in args.figures:
        getattr(bench, figure)()
    bench.noise()
    missed = bench.judge()
    if not args.gate:
        return 0
    print("".join(f"missed: {m}\n" for m in missed), file=sys.stderr, end="")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
