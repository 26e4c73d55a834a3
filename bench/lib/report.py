# SPDX-License-Identifier: Apache-2.0
"""One aligned table for people, below it the bars that were set and whether they hold, JSON beside it for programs."""
import json

MOST, BEST = "most", "best"     # kinds of bars: an absolute figure; the quickest of the peers
COLUMNS = ("tare", "bare", "crun", "runc", "docker", "podman", "ctr", "skopeo")


def number(value):
    return "%.0f" % value if value >= 1000 else "%.3g" % value if value < 100 else "%.0f" % value


def cell(name, results, notes):
    result = results.get(name)
    if result is None:
        return ""
    if "failed" in result:
        reason = "%s: %s" % (name, result["failed"])
        if reason not in notes:
            notes.append(reason)
        return "- [%d]" % (notes.index(reason) + 1)
    text = number(result["value"])
    own = results.get("tare", {}).get("value")
    if own and name != "tare":
        text += " (x%s)" % number(result["value"] / own)
    return text


def table(rows):
    """rows: [{"title", "unit", "results"}]. (xN): that many times tare's figure."""
    notes = []
    used = [c for c in COLUMNS if any(c in row["results"] for row in rows)]
    lines = [["", "unit"] + used]
    for row in rows:
        lines.append([row["title"], row["unit"]] + [cell(c, row["results"], notes) for c in used])
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    text = []
    for line in lines:
        left = line[0].ljust(widths[0]) + "  " + line[1].ljust(widths[1])
        text.append((left + "".join("  " + c.rjust(w) for c, w in zip(line[2:], widths[2:]))).rstrip())
    text.insert(1, "-" * max(len(line) for line in text))
    text += ["", "medians; (xN) = N times tare's figure"]
    text += ["[%d] %s" % (i + 1, note) for i, note in enumerate(notes)]
    return "\n".join(text)


def bar(row, key, limit):
    """One line: does it hold? A bar on a peer: its figure is at least limit times tare's."""
    title, unit, results = row["title"], row["unit"], row["results"]
    peers = [n for n in results if n not in ("tare", "bare")] if key == BEST else [key]
    own = results.get("tare", {}).get("value")
    figures = [results[n]["value"] for n in peers if "value" in results.get(n, {})]
    if own is None or (key != MOST and not figures):
        return "not measured  %s" % title
    if key == MOST:
        return "%s  %s: %s %s, at most %s" % ("holds " if own <= limit else "MISSED", title, number(own), unit, number(limit))
    times = min(figures) / own
    return "%s  %s: %s needs %s times as much, at least %s" % ("holds " if times >= limit else "MISSED", title,
                                                              "the best peer" if key == BEST else key, number(times), number(limit))


def bars(rows):
    return "\n".join(["bars:"] + [bar(row, key, limit) for row in rows for key, limit in row["bars"].items()])


def save(path, facts, rows):
    with open(path, "w") as out:
        json.dump({"facts": facts, "rows": rows}, out, indent=1)
        out.write("\n")
