# what: where the kernel insists on signatures, an unsigned module is told beforehand, and refused with a name and what to do
# deadline: 200
errors() { property /org/nicagent1/module/nic_5ftwin Module Errors; }
errors_say() { errors | says "$1"; }
findings_say() { property /org/nicagent1/module/nic_5ftwin Module Findings | says "$1"; }
install -D -m 644 /opt/nic-modules/twin-1/nic_twin.ko "/lib/modules/$(uname -r)/updates/nic_twin.ko"
depmod
write_config <<'END'
[kernel_modules]
required = ["ib_uverbs"]
END
agent_started
wait_for 60 "ib_uverbs is loaded" test -e /sys/module/ib_uverbs

step "the kernel takes signed modules only from here on; what it has stays"
echo 1 >/sys/module/module/parameters/sig_enforce
equals "sig_enforce" Y "$(cat /sys/module/module/parameters/sig_enforce)"
refuses modprobe nic_twin

step "the unsigned module is refused, and the name of the error is the kernel's reason"
write_config <<'END'
[kernel_modules]
required = ["ib_uverbs", "nic_twin"]
END
nicctl reload
wait_for 20 "the refusal is told" errors_say '"Module.KeyRejected",129'
errors_say "signed" || fail "nothing is said of what to do: $(errors)"
findings_say "is not signed, and this kernel takes signed modules only" || fail "it is not told beforehand"
[ ! -e /sys/module/nic_twin ] || fail "nic_twin was loaded"
equals "the verdict" '"fail"' "$(property /org/nicagent1 Manager DriverVerdict)"
refuses nicctl verify

step "the others are as they were"
equals "ib_uverbs is loaded" true "$(property /org/nicagent1/module/ib_5fuverbs Module Loaded)"
agent_never_crashed
