# what: an initramfs that carries another build of a driver than the module tree has is told before the reboot, and that it is right again
# deadline: 200
import gzip
import stat

FINDINGS = """
findings() { property /org/nicagent1 Manager DriverFindings; }
image=/boot/initrd.img-$(uname -r)
"""


def cpio(files):
    """An archive as cpio -H newc writes it, of (name, content)."""
    archive = b""
    for name, content in [*files, ("TRAILER!!!", b"")]:
        numbers = [0, stat.S_IFREG | 0o644 if content else 0, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0]
        archive += b"070701" + b"".join(b"%08X" % number for number in numbers) + name.encode() + b"\0"
        archive += bytes(-len(archive) % 4) + content
        archive += bytes(-len(archive) % 4)
    return archive + bytes(-len(archive) % 512)


def image(path, module):
    return cpio([("kernel/x86/microcode/AuthenticAMD.bin", b"microcode" * 100)]) + gzip.compress(cpio([(path, module)]))


def run(node):
    node.check(FINDINGS + """
        write_config <<'TOML'
[kernel_modules]
required = ["mlx5_core"]
TOML
        agent_started
        wait_for 60 "mlx5_core is loaded" test -e /sys/module/mlx5_core
        nicctl verify
        lacks "the findings" initramfs "$(findings)"
        modinfo -n mlx5_core >/host/path
        cp "$(modinfo -n mlx5_core)" /host/same
        cp "$(modinfo -n ib_core)" /host/other""")
    read = lambda name: (node.share / name).read_bytes()
    path = read("path").decode().strip().lstrip("/")
    for name in ("same", "other"):
        (node.share / f"image-{name}").write_bytes(image(path, read(name)))
    (node.share / "image-bzip2").write_bytes(b"BZh91AY&SY" + bytes(100))

    node.check(FINDINGS + """
        step "another build in the initramfs"
        install -D -m 600 /host/image-other "$image"
        nicctl verify
        contains "the findings" "carries another build of mlx5_core than /lib/modules/$(uname -r) has" "$(findings)"
        equals "the verdict" '"warn"' "$(property /org/nicagent1 Manager DriverVerdict)"

        step "it was made again"
        install -m 600 /host/image-same "$image"
        nicctl verify
        lacks "the findings" initramfs "$(findings)"
        equals "the verdict" '"pass"' "$(property /org/nicagent1 Manager DriverVerdict)"

        step "what cannot be read is unknown, which is not right"
        install -m 600 /host/image-bzip2 "$image"
        refuses nicctl verify
        contains "the findings" "compressed with bzip2" "$(findings)"
        equals "the verdict" '"unknown"' "$(property /org/nicagent1 Manager DriverVerdict)"
        rm "$image"
        agent_never_crashed""")
