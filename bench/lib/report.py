# SPDX-License-Identifier: Apache-2.0
"""One aligned table for people, JSON beside it for programs."""
import json

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


def save(path, facts, rows):
    with open(path, "w") as out:
        json.dump({"facts": facts, "rows": rows}, out, indent=1)
        out.write("\n")
