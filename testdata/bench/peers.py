"""The load generators that are measured: how to run each and read its report."""

import json
import re
import subprocess
from dataclasses import dataclass, field


@dataclass
class Job:
    """One load, the same for every tool."""

    url: str
    connections: int
    seconds: float
    fresh: bool  # a new connection for every request
    scratch: str  # a directory
    requests: int = 0  # only nodrop; replaces seconds
    resume: bool = False  # new connections resume TLS sessions
    flags: list = field(default_factory=list)  # additional flags of nodrop


# Every tool gets one thread and sends GET; otherwise its own defaults apply.
CLOSE = ["-H", "Connection: close"]


def nodrop(path, job):
    much = ["-n", str(job.requests)] if job.requests else ["-z", f"{job.seconds}s"]
    fresh = ["-disable-keepalive"] if job.fresh else []
    tls = ["--insecure"] if job.url.startswith("https") else []  # as hey and wrk, which cannot do otherwise
    resume = ["--tls-resume"] if job.resume else []
    return [path, "-cpus", "1", "-c", str(job.connections), *much, *fresh, *tls, *resume, *job.flags, job.url]


def nodrop_pool(path, job):
    return [*nodrop(path, job)[:-1], "--engine", "pool", job.url]


def hey(path, job):
    fresh = ["-disable-keepalive"] if job.fresh else []
    return [path, "-cpus", "1", "-c", str(job.connections), "-z", f"{job.seconds}s", *fresh, job.url]


def wrk(path, job):
    # -d accepts whole seconds only. A request longer than --timeout counts as an
    # error even if it completes; hey and nodrop allow 20 s.
    much = [f"-d{round(job.seconds)}s", "--timeout", "20s"]
    return [path, "-t1", f"-c{job.connections}", *much, *(CLOSE if job.fresh else []), job.url]


def ab(path, job):
    # -t ends the run; -n must only be out of reach. ab speaks HTTP/1.0.
    much = ["-t", str(round(job.seconds)), "-n", "10000000"]
    return [path, "-q", *much, "-c", str(job.connections), *([] if job.fresh else ["-k"]), job.url]


def h2load(path, job):
    much = ["-D", str(round(job.seconds))]
    return [path, "--h1", "-t1", "-c", str(job.connections), *much, *(CLOSE if job.fresh else []), job.url]


def bombardier(path, job):
    much = ["-d", f"{job.seconds}s", "-o", "json", "-p", "r"]
    return [path, "-c", str(job.connections), *much, *(CLOSE if job.fresh else []), job.url]


def plow(path, job):
    much = ["-d", f"{job.seconds}s", "--summary", "--json", "--listen", "127.0.0.1:0"]
    return [path, "-c", str(job.connections), *much, *(CLOSE if job.fresh else []), job.url]


def vegeta(path, job):
    with open(f"{job.scratch}/targets", "w", encoding="utf-8") as f:
        f.write(f"GET {job.url}\n")
    workers = [f"-workers={job.connections}", f"-max-workers={job.connections}", "-cpus=1"]
    return [path, *workers[2:], "attack", "-rate=0", *workers[:2], f"-duration={job.seconds}s",
            f"-keepalive={str(not job.fresh).lower()}", f"-targets={job.scratch}/targets",
            f"-output={job.scratch}/vegeta"]


def oha(path, job):
    fresh = ["--disable-keepalive"] if job.fresh else []
    much = ["-z", f"{round(job.seconds * 1000)}ms", "--no-tui", "--output-format", "json"]
    return [path, "-c", str(job.connections), *much, *fresh, job.url]


def total(pattern, text):
    return sum(int(n) for n in re.findall(pattern, text))


# Each reader takes the tool's output, its path and the job, and returns the good
# responses and the failures that the tool reports. Requests in flight at the end
# are neither.

def read_nodrop(out, *_):
    ok, lost, spoiled = map(int, re.search(r"ok (\d+) \+ lost (\d+) \+ spoiled (\d+)", out).groups())
    return ok, lost + spoiled


def read_hey(out, *_):
    good, _, bad = out.partition("Error distribution:")
    return int(re.search(r"\[200\]\t(\d+) responses", good)[1]), total(r"(?m)^  \[(\d+)\]\t", bad)


def read_wrk(out, *_):
    errors = re.search(r"Socket errors: (.*)", out)
    bad = total(r"\d+", errors[1]) if errors else 0
    return int(re.search(r"(\d+) requests in", out)[1]), bad + total(r"Non-2xx or 3xx responses: (\d+)", out)


def read_ab(out, *_):
    failed = int(re.search(r"Failed requests: +(\d+)", out)[1])
    return int(re.search(r"Complete requests: +(\d+)", out)[1]) - failed, failed


def read_h2load(out, *_):
    good, failed, errored, timeout = map(int, re.search(
        r"(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", out).groups())
    return good, failed + errored + timeout


def read_bombardier(out, *_):
    result = json.loads(out)["result"]
    return result["req2xx"], sum(result[k] for k in ("req1xx", "req3xx", "req4xx", "req5xx", "others"))


def read_plow(out, *_):
    summary = json.loads(out[out.index("{"):])["Summary"]
    good = summary["Counts"].get("2xx", 0)
    return good, summary["Count"] - good


def read_vegeta(_, path, job):
    report = subprocess.run([path, "report", "-type=json", f"{job.scratch}/vegeta"],
                            capture_output=True, check=True, text=True)
    report = json.loads(report.stdout)
    good = report["status_codes"].get("200", 0)
    return good, report["requests"] - good


def read_oha(out, *_):
    report = json.loads(out)
    good = report["statusCodeDistribution"].get("200", 0)
    bad = {k: n for k, n in report["errorDistribution"].items() if k != "aborted due to deadline"}
    return good, sum(bad.values())


# Tools that are not measured with a new connection for every request, and why.
KEEPALIVE_ONLY = {
    "h2load": "it often does not end if the server closes every connection",
}

# What each mode over TLS can measure: hey makes a full handshake for each new
# connection, wrk resumes the session of the one before.
TLS_TOOLS = {
    "tls-new": ("nodrop", "base", "pool", "hey", "hey-debian"),
    "tls-resumed": ("nodrop", "pool", "wrk"),
    "tls-keep-alive": ("nodrop", "base", "pool", "wrk", "hey", "hey-debian"),
}

# name · how to run it · how to read its report
PEERS = {
    "nodrop": (nodrop, read_nodrop),
    "base": (nodrop, read_nodrop),
    "pool": (nodrop_pool, read_nodrop),
    "wrk": (wrk, read_wrk),
    "h2load": (h2load, read_h2load),
    "ab": (ab, read_ab),
    "oha": (oha, read_oha),
    "plow": (plow, read_plow),
    "bombardier": (bombardier, read_bombardier),
    "hey": (hey, read_hey),
    "hey-debian": (hey, read_hey),
    "vegeta": (vegeta, read_vegeta),
}
