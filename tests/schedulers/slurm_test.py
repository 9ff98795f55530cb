#!/usr/bin/env python3
"""examples/slurm on a real Slurm: a controller and two nodes on this host. A node dies in the middle of its task with all that runs on it,
a task is asked to go as before its time limit, and in the end the results are those of one plain batch.

    WSI_LPD_PROGRAM=build/release/bin/wsi-lpd tests/schedulers/slurm_test.py WORLD    # WORLD: of world.py
"""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import world
from world import check, run, wait_for

SHARDS = 4


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Slurm:
    """Daemons of this test alone: own keys, ports and folders; nothing of the host's Slurm, if it has one, is used."""

    def __init__(self, folder):
        self.folder = folder
        self.daemons = {}
        host = socket.gethostname().split(".")[0]
        user = subprocess.check_output(["id", "-un"], text=True).strip()
        control, first, second = free_ports(3)
        for name in ("state", "spool", "munge"):
            (folder / name).mkdir()
        key = folder / "munge/key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        self.conf = folder / "slurm.conf"
        self.conf.write_text(f"""
ClusterName=wsi-lpd-test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={control}
SlurmUser={user}
SlurmdUser={user}
AuthInfo=socket={folder}/munge/socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=2,bf_interval=2
ReturnToService=2
SlurmdTimeout=5
KillWait=30
MinJobAge=3600
GresTypes=gpu
NodeName=node1 NodeHostname={host} NodeAddr=127.0.0.1 Port={first} CPUs=1 RealMemory=64000 Gres=gpu:1
NodeName=node2 NodeHostname={host} NodeAddr=127.0.0.1 Port={second} CPUs=1 RealMemory=64000 Gres=gpu:1
PartitionName=night Nodes=ALL Default=YES MaxTime=INFINITE State=UP
""")
        (folder / "gres.conf").write_text("Name=gpu File=/dev/null\n")
        self.environment = world.environment(SLURM_CONF=str(self.conf))

    def __enter__(self):
        try:
            self.start("munged", "--foreground", "--force", f"--key-file={self.folder}/munge/key", f"--socket={self.folder}/munge/socket",
                       f"--pid-file={self.folder}/munge/pid", f"--seed-file={self.folder}/munge/seed")
            wait_for((self.folder / "munge/socket").exists, "munged", 30)
            self.start("slurmctld", "-D")
            for node in ("node1", "node2"):
                self.start_node(node)
            wait_for(lambda: self.nodes().count("idle") == 2, f"two idle nodes (logs in {self.folder})", 60)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        world.send(signal.SIGKILL, world.processes(lambda variables: f"SLURM_CONF={self.conf}".encode() in variables))
        for daemon in self.daemons.values():
            daemon.wait()

    def start(self, program, *arguments, name=None):
        with open(self.folder / f"{name or program}.out", "ab") as out:
            self.daemons[name or program] = subprocess.Popen([world.find_slurm()[program], *arguments], stdout=out,
                                                             stderr=out, env=self.environment, start_new_session=True)

    def start_node(self, node):
        self.start("slurmd", "-D", "-N", node, name=node)

    def run(self, *command, **options):
        return run(command, env=self.environment, **options)

    def nodes(self):
        done = subprocess.run(["sinfo", "-h", "-N", "-o", "%T"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              env=self.environment)
        return done.stdout.split()

    def job(self, number):
        """What Slurm tells of a job, as a dictionary."""
        text = self.run("scontrol", "-o", "show", "job", number)
        return dict(pair.split("=", 1) for pair in text.split() if "=" in pair)

    def on_node(self, node):
        """The processes of jobs on a node."""
        return world.processes(lambda variables: {f"SLURM_CONF={self.conf}".encode(), f"SLURMD_NODENAME={node}".encode()} <= variables)

    def programs(self, node):
        """The processes of wsi-lpd on a node."""
        return [pid for pid in self.on_node(node) if world.name_of(pid) == "wsi-lpd"]

    def kill_node(self, node):
        """All at once, as when its power goes: the daemon, the step daemons and what they run."""
        parents = {int(re.search(r"PPid:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) for pid in self.on_node(node)}
        steps = [pid for pid in parents if world.name_of(pid) == "slurmstepd"]
        check(steps, f"no step runs on {node}")
        world.send(signal.SIGKILL, [self.daemons[node].pid, *steps, *self.on_node(node)])
        self.daemons[node].wait()


def test(our, folder, say):
    say(f"{len(our.slides())} slides in {SHARDS} shards")
    results = folder / "results"
    (folder / "slurm").mkdir()
    with Slurm(folder / "slurm") as slurm:
        start = time.monotonic()
        submit = world.EXAMPLES / "slurm/submit.sh"
        environment = slurm.environment | {"SHARDS": str(SHARDS), "DEVICE": "cpu"}
        said = run([submit, "cpu", our.archive, results, our.model, "--cpus-per-task=1"], env=environment, cwd=folder)
        array, report = re.search(r"array (\d+) .* report (\d+)", said).groups()
        tasks = [f"{array}_{shard}" for shard in range(1, SHARDS + 1)]

        def task_of(node):
            return next((task for task in tasks if (job := slurm.job(task))["JobState"] == "RUNNING" and job["NodeList"] == node), None)

        def stopped_at_slide(node):
            """The node's program is at a slide. It is stopped then, so that it stays there."""
            programs = slurm.programs(node)
            world.send(signal.SIGSTOP, programs)
            if any(pid_of(lock) in programs for lock in results.rglob("*.lock")):
                return True
            world.send(signal.SIGCONT, programs)
            return False

        def task_amid(node, slides_done):
            """The node's task, stopped after so many slides, at one of several."""
            task = task_of(node)
            log = folder / f"wsi-lpd-{task}.log"
            text = log.read_text() if task and log.exists() else ""
            is_there = "slides, 0 of them already done" in text and text.count("; of the tissue: ") == slides_done
            return task if is_there and stopped_at_slide(node) else None

        # At the last slide it could be done before the signal arrives: then its task rightly doesn't come back.
        asked = wait_for(lambda: task_amid("node2", 0), "a task on node2 at the first of its slides")
        wait_for(lambda: slurm.job(asked)["RunTime"] >= "00:00:05", f"task {asked} to have run a while: Slurm takes no signal before", 60)
        say(f"asking task {asked} on node2 to go, as before its time limit")
        slurm.run("scancel", "--batch", "--signal=USR1", asked)
        wait_for(lambda: any(world.awaits(pid, signal.SIGTERM) for pid in slurm.programs("node2")), f"task {asked} to be asked", 60)
        slurm.run("scancel", "--batch", "--signal=USR1", asked)  # Slurm may send it again
        time.sleep(1)
        world.send(signal.SIGCONT, slurm.programs("node2"))
        killed = wait_for(lambda: task_amid("node1", 1), "a task on node1 at its second slide")
        say(f"killing node1 with task {killed}; {len(list(results.rglob('*.geojson')))} slides are done")
        slurm.kill_node("node1")
        for task in (asked, killed):
            wait_for(lambda: slurm.job(task)["Restarts"] == "1", f"task {task} to be put back into the queue", 120)
            say(f"task {task} is {slurm.job(task)['JobState']} again")
        slurm.start_node("node1")

        wait_for(lambda: slurm.job(report)["JobState"] not in ("PENDING", "RUNNING", "COMPLETING"), "the report job", 600)
        for task in (*tasks, report):
            job = slurm.job(task)
            say(f"{task}: {job['JobState']}, {job['ExitCode']}, restarts {job['Restarts']}, on {job['NodeList']}, {job['RunTime']}")
            check(job["JobState"] == "COMPLETED", f"{task}: {job}")
        say(f"the array with all that happened to it: {time.monotonic() - start:.0f} s")
        log = (folder / f"wsi-lpd-{killed}.log").read_text()
        check("taken over from" in log, f"the task that came back takes its slide over from the dead process: {log}")
        check("1 done, 1 already done, 0 failed" in log, f"the task that came back resumes: {log}")
        log = (folder / f"wsi-lpd-{asked}.log").read_text()
        check("stopped by the user; what is finished is kept" in log, f"the asked task ends by itself: {log}")
        say(f"{our.check_same_results(results)} files are those of the plain batch, byte for byte")
        check((results / "report/index.html").exists(), "the report is there")

        # The next night, with a broken slide in the archive, as a job for GPUs: one task fails with 3, the report comes all the same.
        tonight = folder / "tonight"
        tonight.mkdir()
        for part in our.archive.iterdir():
            (tonight / part.name).symlink_to(part)
        (tonight / "broken.svs").write_text("nothing")
        said = run([submit, "gpu", tonight, results, our.model, "--cpus-per-task=1"], env=environment, cwd=folder)
        array, report = re.search(r"array (\d+) .* report (\d+)", said).groups()
        wait_for(lambda: slurm.job(report)["JobState"] not in ("PENDING", "RUNNING", "COMPLETING"), "the second report job", 600)
        codes = [slurm.job(f"{array}_{shard}")["ExitCode"] for shard in range(1, SHARDS + 1)]
        check(sorted(codes) == ["0:0"] * (SHARDS - 1) + ["3:0"], f"of the second night: {codes}")
        check(slurm.job(report)["ExitCode"] == "3:0", "the report job says that slides failed")
        check("broken.svs" in (results / "report/index.html").read_text(), "the report names the broken slide")
        say(f"the second night: exit codes {' '.join(codes)}; the report names the broken slide")
        train(slurm, our, folder, say)


def train(slurm, our, folder, say):
    """One training by a process on each node. It is asked to go as before its time limit, comes back and resumes."""
    environment = slurm.environment | {"PATCHES": str(our.folder / "data/patches"), "RUN": str(folder / "run"), "DEVICE": "cpu",
                                       "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_ports(1)[0])}
    options = ["--encoder", "mit_b0", "--iterations", "60", "--warmup-iterations", "2", "--batch-size", "4"]
    said = run(["sbatch", "--cpus-per-task=1", world.EXAMPLES / "slurm/train.sbatch", *options], env=environment, cwd=folder)
    job = re.search(r"job (\d+)", said)[1]
    steps = folder / "run/log.jsonl"
    wait_for(lambda: steps.exists() and len(steps.read_text().splitlines()) >= 5, "five steps of the training", 120)
    nodes = [len(slurm.programs(node)) for node in ("node1", "node2")]
    check(nodes == [1, 1], f"a process of the training on each node: {nodes}")
    slurm.run("scancel", "--batch", "--signal=USR1", job)
    wait_for(lambda: slurm.job(job)["Restarts"] == "1", "the training to be put back into the queue", 120)
    wait_for(lambda: slurm.job(job)["JobState"] not in ("PENDING", "RUNNING", "COMPLETING"), "the training", 300)
    log = (folder / f"wsi-lpd-{job}-train.log").read_text()
    check(slurm.job(job)["JobState"] == "COMPLETED", f"the training: {slurm.job(job)}\n{log}")
    check("on cpu by 2 processes" in log and "going on after step" in log, f"the training resumes: {log}")
    check((folder / "run/model.safetensors").exists() and not (folder / "run/state.safetensors").exists(), "the training is complete")
    check(sum('"gradient_norm"' in line for line in steps.read_text().splitlines()) == 60, "every step is there once")
    say("a training by one process on each node was stopped, came back and went on")


def pid_of(lock):
    try:
        found = re.search(r"pid\W+(\d+)", lock.read_text())
    except OSError:
        return None
    return int(found[1]) if found else None


def main():
    if not world.find_slurm():
        world.skip("no Slurm here (scripts/setup --schedulers)")
    our = world.World(pathlib.Path(sys.argv[1]))
    start = time.monotonic()
    say = lambda line: print(f"[{time.monotonic() - start:5.1f} s] {line}", flush=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="wsi-lpd-slurm-"))
    try:
        test(our, folder, say)
    except BaseException:
        say(f"what was written is kept in {folder}")
        raise
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
