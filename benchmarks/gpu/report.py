"""What scripts/gpu_check has found: one line a check, a table of what was measured, and both as one JSON file."""
import json
import time

DONE, FAILED, NO_GPU = 0, 1, 4  # exit codes; 2 is wrong usage


class Skip(Exception):
    """A check can't be made here; its text says why."""


class Failure(Exception):
    """A check has found something wrong; its text says what."""


class Report:
    def __init__(self, about):
        self.about, self.checks, self.measured = about, [], []
        self.obstacle = ""  # why no further check can be made

    def check(self, name, action):
        """Calls `action`, which returns what was seen. True if nothing was wrong."""
        start = time.monotonic()
        try:
            if self.obstacle:
                raise Skip(self.obstacle)
            state, detail = "ok", action() or ""
        except Skip as reason:
            state, detail = "skipped", str(reason)
        except Failure as reason:
            state, detail = "FAILED", str(reason)
        except Exception as error:  # a fault of the check itself stops no other check
            state, detail = "FAILED", f"{type(error).__name__}: {error}"
        seconds = round(time.monotonic() - start, 1)
        detail = " ".join(detail.split())
        self.checks.append({"name": name, "state": state, "detail": detail, "seconds": seconds})
        print(f"{state:<8} {name:<36} {seconds:6.1f} s  {detail}", flush=True)
        return state == "ok"

    def measure(self, name, value, unit, note=""):
        self.measured.append({"name": name, "value": value, "unit": unit, "note": note})

    def code(self):
        states = {check["state"] for check in self.checks}
        return FAILED if "FAILED" in states else NO_GPU if "skipped" in states else DONE

    def text(self):
        lines = [f"{check['state']:<8} {check['name']:<36} {check['seconds']:6.1f} s  {check['detail']}" for check in self.checks]
        if self.measured:
            lines += ["", f"{'measured':<58} {'value':>10}  unit"]
        lines += [f"{row['name']:<58} {row['value']:>10.4g}  {row['unit']}{'  (' + row['note'] + ')' if row['note'] else ''}" for row in self.measured]
        counts = {state: sum(check["state"] == state for check in self.checks) for state in ("ok", "FAILED", "skipped")}
        lines += ["", f"{counts['ok']} ok, {counts['FAILED']} failed, {counts['skipped']} skipped"]
        return "\n".join(lines) + "\n"

    def write(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        result = {"about": self.about, "checks": self.checks, "measured": self.measured, "exit_code": self.code()}
        (folder / "gpu_check.json").write_text(json.dumps(result, indent=1) + "\n")
        (folder / "gpu_check.txt").write_text(self.text())
