# Thin: every target calls what does the work. `make` leaves the programs in build/bin.
PREFIX ?= /usr/local
BUILD  ?= build

.PHONY: all check check-vm check-power check-security conformance bench demo install clean
all: $(BUILD)/build.ninja $(BUILD)/musl/build.ninja
	ninja -C $(BUILD)
	ninja -C $(BUILD)/musl static
	tools/link-bin $(BUILD)

$(BUILD)/build.ninja:
	tools/install-deps build
	meson setup $(BUILD) --buildtype=release --prefix=$(PREFIX)

# The static programs once more, with musl: these are the ones that run and are installed.
$(BUILD)/musl/build.ninja: | $(BUILD)/build.ninja
	tools/install-deps build
	meson setup $(BUILD)/musl --native-file tools/musl.ini -Doptimization=s -Ddebug=false --prefix=$(PREFIX)

# All tests but the virtual machine; ends with "N passed, N failed, N skipped". TIERS= names some of them.
check: all
	tools/install-deps check
	tests/run $(TIERS)

# The runtime's tests under a Debian kernel with cgroup v2 alone, emulated.
check-vm: all
	tools/install-deps vm
	tests/run vm

# An image store's machine is switched off in the middle of its work, fifty times on each file system; and a disk that loses whatever was not flushed.
check-power: all
	tools/install-deps check vm
	TARE_POWER_CUTS=$${TARE_POWER_CUTS:-50} TARE_POWER_WORK=$${TARE_POWER_WORK:-40} TARE_POWER_ON="$${TARE_POWER_ON:-ext4 xfs ext4:erofs}" tests/run power

# The tests of known holes with every attacker racing for half a minute.
check-security: all
	tools/install-deps check
	TARE_ATTACK_SECONDS=$${TARE_ATTACK_SECONDS:-30} tests/run security

# The validation programs of OCI runtime-tools and image-tools (in Go), and the same bundles through our runtime, crun and runc.
conformance: all
	tools/install-deps check
	command -v go /usr/local/go/bin/go >/dev/null || tools/install-deps conformance
	tests/run conformance runtime peers

bench: all
	bench/run $(BENCH)

demo: all
	tools/install-deps demo
	tools/demo

install: $(BUILD)/build.ninja $(BUILD)/musl/build.ninja
	meson configure $(BUILD) -Dprefix=$(PREFIX)
	meson configure $(BUILD)/musl -Dprefix=$(PREFIX)
	$(MAKE) all
	DESTDIR=$(DESTDIR) meson install -C $(BUILD) --no-rebuild --tags programs
	DESTDIR=$(DESTDIR) meson install -C $(BUILD)/musl --no-rebuild --tags static --strip

clean:
	rm -rf build build-*
