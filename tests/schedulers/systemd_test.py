#!/usr/bin/env python3
"""examples/systemd as systemd-analyze sees it: no unknown key, no program that is not there, a timer that elapses, and little that the
service may do.

    WSI_LPD_PROGRAM=build/release/bin/wsi-lpd tests/schedulers/systemd_test.py WORLD    # WORLD: of the other tests, not used
"""
import pathlib
import shutil
import tempfile

import world
from world import check, run

MOST_EXPOSURE = 10  # tenths: systemd-analyze calls less than 2.0 safe


def test(folder):
    units = sorted((world.EXAMPLES / "systemd").glob("wsi-lpd-batch.*"))
    check([unit.suffix for unit in units] == [".service", ".timer"], f"units: {units}")
    for unit in units:
        (folder / unit.name).write_text(unit.read_text().replace("/usr/local/bin/wsi-lpd", str(world.PROGRAM)))
    service, timer = (folder / unit.name for unit in units)
    text = service.read_text()

    def verify():
        return run(["systemd-analyze", "verify", "--man=no", service, timer], codes=(0, 1))

    # On a container without systemd's bus a line may say so; what is wrong with a unit names it.
    complaints = [line for line in verify().splitlines() if "wsi-lpd" in line]
    check(not complaints, f"systemd-analyze verify: {complaints}")
    service.write_text(text.replace("ProtectSystem=", "ProtectSytem="))
    check("ProtectSytem" in verify(), "a mistyped key is noticed")
    service.write_text(text.replace(str(world.PROGRAM), "/absent/wsi-lpd"))
    check("/absent/wsi-lpd" in verify(), "a program that is not there is noticed")
    service.write_text(text)

    def security(codes):
        return run(["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSURE}", service], codes)

    print(security((0,)).splitlines()[-1])
    service.write_text(text.replace("CapabilityBoundingSet=\n", "").replace("SystemCallFilter=", "#"))
    security((1,))

    calendar = next(line for line in timer.read_text().splitlines() if line.startswith("OnCalendar="))
    print(run(["systemd-analyze", "calendar", calendar.removeprefix("OnCalendar=")]))


def main():
    if not shutil.which("systemd-analyze"):
        world.skip("no systemd-analyze here (Debian's package systemd)")
    if "--offline" not in run(["systemd-analyze", "--help"]):
        world.skip("this systemd-analyze is older than 250 and reads no unit files offline")
    with tempfile.TemporaryDirectory(prefix="wsi-lpd-systemd-") as folder:
        test(pathlib.Path(folder))


if __name__ == "__main__":
    main()
