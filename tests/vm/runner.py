"""Runs cases in the emulated node, each on a machine of its own that goes on from a saved one. tests/vm/run calls it."""
import argparse
import concurrent.futures
import importlib.util
import multiprocessing
import os
import pathlib
import re
import select
import shutil
import socket
import sys
import termios
import time
import traceback
import tty

import demo
import images
import node
import remembered

HERE = pathlib.Path(__file__).resolve().parent
REPO = HERE.parents[1]
LOGS = REPO / "build" / "logs" / "vm"
STARTED = time.monotonic()

# Brought back from every case. None of it may fail the case, and a guest without the package has no nicctl.
COLLECT = """cd /host/out
journalctl --no-pager -o short-precise > journal.txt
{ systemctl status --no-pager nic-agent.service; nicctl status; nicctl devices; ip -d link; rdma link; } > state.txt 2>&1
coredumpctl --no-pager info > crashes.txt 2>/dev/null || rm -f crashes.txt
"""


def say(text):
    elapsed = int(time.monotonic() - STARTED)
    print(f"[{elapsed // 60:2}:{elapsed % 60:02}] {text}", flush=True)


class Case:
    """One file of cases/: NAME.sh runs in the guest, NAME.py on the host with a function run(node). Its head says, as comments,
    `what:` it shows, the `node:` it starts from (bare, bare+package, installed), its `deadline:` in seconds, and why it is run
    `alone:` where it is, as one that holds the product to a time."""

    def __init__(self, path):
        self.path, self.name = path, path.stem
        head = dict(re.findall(r"^# (what|node|deadline|alone): (.*)$", path.read_text(), re.MULTILINE))
        self.what, self.node = head["what"], head.get("node", "installed")
        self.deadline = int(head.get("deadline", 120))
        self.alone = "alone" in head

    @property
    def needs_package(self):
        return self.node != "bare"


def all_cases():
    return [Case(path) for path in sorted((HERE / "cases").iterdir()) if path.suffix in (".sh", ".py")]


class CaseNode(node.Node):
    """The node as a case sees it: with the helpers of guest-lib.sh at hand in the guest."""

    def fill_share(self, package):
        (self.share / "out").mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / "guest-lib.sh", self.share)
        if package:
            shutil.copy(package, self.share / "nic-agent.deb")

    def check(self, script, deadline=60):
        """Runs a script of guest-lib.sh's words in the guest; what it prints goes to the case's output."""
        self.mount_share()
        result = self.run(f". /host/guest-lib.sh\n{script}", deadline, check=False)
        sys.stdout.write(result.output)
        if result.status != 0:
            raise node.NodeError(f"the check failed in the guest with status {result.status}"
                                 + (" (its deadline passed)" if result.status in (124, 137) else ""))
        return result.output


def run_case(case, store, package, programs, keep):
    """Runs one case; its error text, empty when it passed."""
    work = LOGS / case.name
    shutil.rmtree(work, ignore_errors=True)
    image = store.installed(package, programs) if case.node == "installed" else store.bare()
    machine = store.node(image, work, CaseNode)
    error = ""
    with open(work / "output.log", "w", encoding="utf-8") as log:
        stdout, sys.stdout = sys.stdout, log
        try:
            machine.fill_share(package if case.needs_package else None)
            machine.start(images.SNAPSHOT)
            if case.path.suffix == ".sh":
                shutil.copy(case.path, machine.share / "case.sh")
                machine.check(". /host/case.sh", case.deadline)
            else:
                spec = importlib.util.spec_from_file_location(case.name.replace("-", "_"), case.path)
                module = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(module)
                module.run(machine)
        except Exception as problem:  # pylint: disable=broad-except; whatever goes wrong in a case is that case's failure
            error = str(problem) or type(problem).__name__
            log.write(f"\nFAILED: {error}\n")
            if not isinstance(problem, node.NodeError):
                traceback.print_exc(file=log)
        finally:
            sys.stdout = stdout
    collect(machine, work)
    machine.stop()
    if not keep:
        (work / "disk.qcow2").unlink(missing_ok=True)
    return error


def collect(machine, work):
    try:
        machine.mount_share()
        machine.run(COLLECT, 60, check=False)
    except (node.NodeError, OSError, AttributeError) as problem:
        (work / "collect-failed.txt").write_text(f"{problem}\n")
    for path in sorted((machine.share / "out").glob("*")):
        shutil.move(str(path), str(work / path.name))
    shutil.rmtree(machine.share, ignore_errors=True)


def nodes_at_once():
    """As many as there are processors, and memory for: a node has 2 GiB, and QEMU needs as much beside."""
    available = re.search(r"^MemAvailable: *(\d+) kB$", pathlib.Path("/proc/meminfo").read_text(), re.MULTILINE)
    return max(1, min(os.cpu_count(), int(available[1]) // (4 << 20), 8))


def outcome(case, store, arguments):
    """Runs one case; the case, its error text (empty when it passed) and the seconds that it took."""
    began = time.monotonic()
    try:
        error = run_case(case, store, arguments.package, arguments.programs, arguments.keep)
    except (node.NodeError, OSError) as problem:  # the image could not be made: nothing of the case ran
        error = str(problem)
    return case, error, time.monotonic() - began


def outcomes(cases, store, arguments):
    """The outcome of each, as they come: side by side, those that may take longest first, and then those that are run alone.
    Each is in a process of its own, with the case's output as its own."""
    together = sorted((case for case in cases if not case.alone), key=lambda case: -case.deadline)
    for some, jobs in ((together, arguments.jobs), ([case for case in cases if case.alone], 1)):
        with concurrent.futures.ProcessPoolExecutor(jobs, multiprocessing.get_context("fork"), node.die_with_parent) as pool:
            waiting = [pool.submit(outcome, case, store, arguments) for case in some]
            for done in concurrent.futures.as_completed(waiting):
                yield done.result()


def shell(machine):
    """A login on the guest's console, in this terminal, until the shell ends or ctrl-] is pressed."""
    size = shutil.get_terminal_size()
    machine.run(f"stty -F /dev/ttyS0 rows {size.lines} cols {size.columns}; systemd-run --quiet --unit=shell "
                "--property=StandardInput=tty --property=StandardOutput=tty --property=StandardError=tty "
                f"--property=TTYPath=/dev/ttyS0 --setenv=TERM={os.environ.get('TERM', 'linux')} --setenv=HOME=/root "
                "--working-directory=/root bash -c 'bash -l; printf \\\\035'")
    console = socket.socket(socket.AF_UNIX)
    console.connect(f"{machine.sockets}/console")
    print("A shell in the emulated node; `exit` or ctrl-] leaves it, and the node is gone then.\r", flush=True)
    interactive = sys.stdin.isatty()
    before = termios.tcgetattr(sys.stdin) if interactive else None
    try:
        if interactive:
            tty.setraw(sys.stdin)
        console.sendall(b"\n")
        while True:
            ready = select.select([sys.stdin, console, machine.process_fd], [], [])[0]
            if machine.process_fd in ready:
                return
            if console in ready:
                data = console.recv(65536)
                os.write(sys.stdout.fileno(), data.replace(b"\x1d", b""))
                if not data or b"\x1d" in data:  # the same sign ends it from both sides
                    return
            if sys.stdin in ready:
                data = os.read(sys.stdin.fileno(), 65536)
                if not data or b"\x1d" in data:
                    return
                console.sendall(data)
    finally:
        if before:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
        print()


def tail(path, lines=25):
    text = path.read_text(errors="replace").splitlines() if path.exists() else []
    return "\n".join(f"    | {line}" for line in text[-lines:])


def main():
    parser = argparse.ArgumentParser(prog="tests/vm/run", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="the cases to run; all of them when none is named")
    parser.add_argument("--guest", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--package", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--programs", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--shell", action="store_true", help="a shell in the node, the package installed")
    parser.add_argument("--demo", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--bare", action="store_true", help="with --shell: the node without the package")
    parser.add_argument("--keep", action="store_true", help="keep each case's disk beside its logs")
    parser.add_argument("--jobs", type=int, default=0, help="how many nodes run at once; by default as many as there is room for")
    parser.add_argument("--again", action="store_true", help="run also the cases that have passed with exactly these sources")
    arguments = parser.parse_args()

    arguments.jobs = arguments.jobs or nodes_at_once()

    store = images.Images(arguments.guest, say)
    if arguments.shell or arguments.demo:
        image = store.bare() if arguments.bare or arguments.demo else store.installed(arguments.package, arguments.programs)
        work = LOGS / ("demo" if arguments.demo else "shell")
        shutil.rmtree(work, ignore_errors=True)
        machine = store.node(image, work, CaseNode)
        machine.fill_share(None if arguments.bare else arguments.package)
        try:
            machine.start(images.SNAPSHOT)
            machine.mount_share()
            if arguments.demo:
                demo.show(machine, arguments.programs)
            else:
                shell(machine)
        finally:
            machine.stop()
            (work / "disk.qcow2").unlink(missing_ok=True)
        return 0

    passed, failed = 0, 0
    memory = remembered.Remembered(arguments.guest, store.machine_key, arguments.package, arguments.programs)
    to_run = []
    for case in [case for case in all_cases() if not arguments.names or case.name in arguments.names]:
        before = None if arguments.again or arguments.names else memory.seconds(case)
        if before is None:
            to_run.append(case)
        else:
            say(f"as before  {case.name:<17} {before:6.1f} s  {case.what}")
            passed += 1
    for case, error, took in outcomes(to_run, store, arguments):
        say(f"{'failed' if error else 'passed'}  {case.name:<20} {took:6.1f} s  {case.what}")
        if error:
            failed += 1
            log = LOGS / case.name / "output.log"
            print(tail(log) or f"    | {error}")
            print(f"    logs: {log.parent.relative_to(REPO)}", flush=True)
        else:
            passed += 1
            memory.note(case, took)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
