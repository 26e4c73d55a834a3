# Thin: every target calls what does the work. `make` leaves the programs in build/bin.
PREFIX ?= /usr/local
BUILD  ?= build

.PHONY: all install clean
all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	meson setup $(BUILD) --prefix=$(PREFIX)

install: all
	DESTDIR=$(DESTDIR) meson install -C $(BUILD) --no-rebuild

clean:
	rm -rf build build-*
