"""What the benchmarks of the program share: their command lines, and what a run of a program costs."""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time


def parser_of(description):
    """A parser whose first argument is the program to be measured."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    return parser


def parse(parser):
    """The arguments; in `options` what stands after --, which is for the program."""
    end = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)  # argparse wants positionals in one piece
    arguments = parser.parse_args(sys.argv[1:end])
    arguments.options = sys.argv[end + 1:]
    arguments.program = arguments.program.resolve()
    return arguments


def tree_rss_mib(pid):
    """Resident memory of a process and all below it; shared pages count once."""
    total, todo = 0, [pid]
    while todo:
        process = todo.pop()
        try:
            todo += map(int, pathlib.Path(f"/proc/{process}/task/{process}/children").read_text().split())
            for line in pathlib.Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        except OSError:
            pass
    return total / 1024


def measure(command):
    """Wall seconds, processor seconds (children included) and peak memory in MiB."""
    before, start = os.times(), time.perf_counter()
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, shell=isinstance(command, str), stdout=log, stderr=log)
        peak, done = [0.0], threading.Event()

        def watch():
            while not done.wait(0.2):
                peak[0] = max(peak[0], tree_rss_mib(process.pid))

        thread = threading.Thread(target=watch)
        thread.start()
        code = process.wait()
        wall, after = time.perf_counter() - start, os.times()
        done.set()
        thread.join()
        if code != 0:
            log.seek(0)
            sys.exit(f"{command}: exit status {code}\n{log.read().decode(errors='replace')[-2000:]}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, cpu, peak[0]
