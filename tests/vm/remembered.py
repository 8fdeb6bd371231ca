"""Which cases have passed, remembered beside the guest they ran in: a case whose file, helpers, machine, package and test programs
are what they were then need not run again. Only what passed is remembered."""
import hashlib
import pathlib
import time

HERE = pathlib.Path(__file__).resolve().parent
RUNNERS = [HERE / name for name in ("guest-lib.sh", "runner.py")]
FORGOTTEN_AFTER = 60 * 24 * 3600  # seconds; what nobody asked about for so long is of sources that are gone


def _digest(texts, files):
    digest = hashlib.sha256()
    for part in (*(text.encode() for text in texts), *(file.name.encode() + b"\0" + file.read_bytes() for file in files)):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:32]


class Remembered:
    """`machine_key` says what the machine is apart from the guest; `package` and `programs` are what is installed in it."""

    def __init__(self, guest, machine_key, package, programs):
        self.folder = pathlib.Path(guest) / "passed"
        self.machine_key, self.package = machine_key, package
        self.programs = sorted(path for path in programs.iterdir() if path.is_file()) if programs else []
        self.folder.mkdir(exist_ok=True)
        for path in self.folder.iterdir():
            if path.stat().st_mtime < time.time() - FORGOTTEN_AFTER:
                path.unlink()

    def _mark(self, case):
        files = [case.path, *RUNNERS]
        if case.needs_package:
            files.append(self.package)
        if case.node == "installed":
            files += self.programs
        return self.folder / f"{case.name}-{_digest([self.machine_key], files)}"

    def seconds(self, case):
        """How long the case took when it passed just as it is now; None when it has not."""
        mark = self._mark(case)
        try:
            seconds = float(mark.read_text())
            mark.touch()
        except (OSError, ValueError):
            return None
        return seconds

    def note(self, case, seconds):
        mark = self._mark(case)
        new = mark.with_suffix(".new")
        new.write_text(f"{seconds:.1f}\n")
        new.rename(mark)
