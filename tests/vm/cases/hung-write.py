# what: a write of sriov_numvfs that does not come back is reported after its deadline; the other card is configured and D-Bus answers meanwhile
# deadline: 300
SECOND = "0000:02:00.0"
DEADLINE = 120  # of a step that makes VFs

CONFIG = """
write_config <<'TOML'
[[sriov.policy]]
name = "both"
selectors = { vendors = ["8086"], devices = ["10c9"] }
num_vfs = 2
TOML
"""


def run(node):
    node.attach_card("card2", "rp2")
    node.check(f"""
        wait_for 30 "the second card" test -e /sys/bus/pci/devices/{SECOND}/net
        udevadm settle
        agent_started
        nicctl wait --timeout 60 >/dev/null
        agent_pid >/run/agent.pid
        # The call is held up where it enters the kernel; what else the agent does goes on.
        systemd-run --quiet --collect --unit=hold strace -f -qq -o /run/held.trace \\
            -P "$(readlink -f /sys/bus/pci/devices/$pf)/sriov_numvfs" -e trace=write \\
            -e inject=write:delay_enter=600000000:when=1 -p "$(agent_pid)"
        wait_for 20 "strace holds on to it" eval 'grep -q "^TracerPid:.*[1-9]" /proc/$(agent_pid)/task/$(agent_pid)/status'""")
    node.check(CONFIG + f"""
        wait_for 60 "the other card has its VFs" has_vfs 2 {SECOND}
        wait_for 30 "it is ok" property_is "$(device_path {SECOND})" Device State '"ok"'
        equals "the one that is held up" '"applying"' "$(property "$(device_path $pf)" Device State)"
        has_vfs 0""", deadline=120)
    node.check(f"""
        wait_for {DEADLINE + 10} "the one that is held up is stuck" property_is "$(device_path $pf)" Device State '"stuck"'
        reported "the kernel has not answered for {DEADLINE} s"
        began=${{EPOCHREALTIME/./}}
        nicctl status || true
        [ $((${{EPOCHREALTIME/./}} - began)) -lt 5000000 ] || fail "D-Bus does not answer at once"
        equals "the other card" '"ok"' "$(property "$(device_path {SECOND})" Device State)" """, deadline=DEADLINE + 60)
    node.check("""
        systemctl stop hold.service
        wait_for 60 "it comes back and is configured" property_is "$(device_path $pf)" Device State '"ok"'
        has_vfs 2
        equals "the agent's process" "$(cat /run/agent.pid)" "$(agent_pid)"
        agent_never_crashed""", deadline=120)
