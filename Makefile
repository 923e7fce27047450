# SPDX-License-Identifier: GPL-2.0-only
# Build of vfsteer: BPF objects, their skeletons, the program. `make help` lists the targets.

BUILD ?= build
# One name for one folder: what depends on what (-MMD) is noted by it.
override BUILD := $(patsubst $(CURDIR)/%,%,$(abspath $(BUILD)))
SANITIZE ?=
# Another build of the same sources: its BPF objects are used, and with CRASHPOINTS its objects of sources that name no crash point.
REUSE ?=
override REUSE := $(patsubst $(CURDIR)/%,%,$(abspath $(REUSE)))
BPF_BUILD := $(or $(REUSE),$(BUILD))
PREFIX ?= /usr/local
DESTDIR ?=
CLANG ?= clang
LLVM_STRIP ?= llvm-strip
BPFTOOL ?= $(firstword $(shell PATH="$$PATH:/usr/sbin:/sbin" command -v bpftool) bpftool)
PKG_CONFIG ?= pkg-config
INSTALL ?= install
# To build for another architecture: the compiler's prefix (aarch64-linux-gnu-), and the directory with that architecture's headers and libraries
# if they are not where the compiler looks by itself.
CROSS_COMPILE ?=
SYSROOT ?=
ifneq ($(CROSS_COMPILE),)
ifeq ($(origin CC),default)
CC := $(CROSS_COMPILE)gcc
endif
MULTIARCH := $(shell $(CC) -print-multiarch)
override PKG_CONFIG := PKG_CONFIG_LIBDIR=$(SYSROOT)/usr/lib/$(MULTIARCH)/pkgconfig:$(SYSROOT)/usr/share/pkgconfig \
	PKG_CONFIG_SYSROOT_DIR=$(SYSROOT) $(PKG_CONFIG)
endif
ifneq ($(SYSROOT),)
override CC += --sysroot=$(SYSROOT)
endif

VERSION := 0.1.0

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-8s %s\n'
endif

LIBRARIES := libbpf libnl-3.0 libnl-genl-3.0 libsystemd libcap-ng json-c inih
MACHINE := $(firstword $(subst -, ,$(notdir $(CROSS_COMPILE))) $(shell uname -m))
ARCH := $(shell echo $(MACHINE) | sed 's/x86_64/x86/; s/aarch64/arm64/; s/powerpc.*/powerpc/; s/ppc64.*/powerpc/; s/s390x/s390/; s/riscv64/riscv/')
# BPF has the byte order of its machine; clang's target "bpf" is that of the machine that compiles.
BPF_TARGET := $(if $(shell echo | $(CC) -dM -E - | grep 'BYTE_ORDER__ __ORDER_BIG_ENDIAN__'),bpfeb,bpfel)
# Debian keeps asm/ in a folder per architecture, which clang does not look into when its target is bpf.
ASM_INCLUDES := $(if $(SYSROOT),--sysroot=$(SYSROOT)) $(addprefix -idirafter ,$(firstword $(wildcard $(SYSROOT)/usr/include/$(MACHINE)-linux-gnu*)))

WARNINGS := -Wall -Wextra -Wshadow -Wformat=2 -Wmissing-prototypes
ifeq ($(WERROR),1)
WARNINGS += -Werror
BPF_WARNINGS := -Werror
endif
HARDENING := -D_FORTIFY_SOURCE=2 -fstack-protector-strong
ifneq ($(SANITIZE),)
# A fortified function checks before the sanitizer can, and reports less. What is found ends the
# program.
HARDENING := -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
CFLAGS ?= -O2 -g
override CFLAGS := -std=gnu11 $(WARNINGS) $(HARDENING) -fPIE -pthread $(CFLAGS)
override CPPFLAGS += -D_GNU_SOURCE -Iinclude -Iuser -I$(BPF_BUILD)/bpf -DVFSTEER_VERSION='"$(VERSION)"' \
	$(shell $(PKG_CONFIG) --cflags $(LIBRARIES) 2>/dev/null)
override LDFLAGS += -pie -Wl,-z,relro,-z,now
LDLIBS := $(shell $(PKG_CONFIG) --libs $(LIBRARIES) 2>/dev/null)

# For tests: the program is killed at the crash point that the environment names
# (user/base/crash_point.h). Give it a BUILD of its own.
ifeq ($(CRASHPOINTS),1)
override CPPFLAGS += -DVFSTEER_CRASHPOINTS
endif

BPF_CFLAGS := -O2 -g -Wall -Wextra -Wno-unused-parameter $(BPF_WARNINGS) -target $(BPF_TARGET) -mcpu=v3 -D__TARGET_ARCH_$(ARCH) -Iinclude $(ASM_INCLUDES)

BPF_SOURCES := $(wildcard bpf/*.bpf.c)
BPF_OBJECTS := $(BPF_SOURCES:%.c=$(BPF_BUILD)/%.o)
# The same programs for older kernels, each variant with less than the one before it:
# - without kfuncs (Linux 6.2). One that the kernel's BTF does not name, weak or not, is looked for by libbpf in every module's as well,
#   which takes CAP_SYS_ADMIN; without it libbpf before 1.3 fails.
# - without compare-and-swap (Linux 5.12): bpf/pair.h. An old verifier refuses the instruction even where it is never reached;
#   -mcpu=v2 makes it the compiler's error, too.
# - without BTF, type information of the kernel: bpf/alive.h.
BPF_VARIANTS := $(patsubst %,$(BPF_BUILD)/bpf/%.bpf.o,steer_without_kfuncs steer_without_cas steer_without_btf \
	port_without_kfuncs port_without_cas port_without_btf watch_without_cas)
FLAGS_without_kfuncs := -DALIVE_WITHOUT_KFUNCS
FLAGS_without_cas := $(FLAGS_without_kfuncs) -mcpu=v2 -DPAIR_WITHOUT_CAS
FLAGS_without_btf := $(FLAGS_without_cas) -DALIVE_WITHOUT_BTF
SKELETONS := $(BPF_OBJECTS:.bpf.o=.skel.h) $(BPF_VARIANTS:.bpf.o=.skel.h)
USER_SOURCES := $(wildcard user/*/*.c)
# The host part is a program of its own.
MAINS := $(BUILD)/user/cli/main.o $(BUILD)/user/host/host_main.o
USER_OBJECTS := $(USER_SOURCES:%.c=$(BUILD)/%.o)
ifeq ($(if $(REUSE),$(CRASHPOINTS)),1)
REUSED_SOURCES := $(shell grep -L crash_point $(USER_SOURCES))
REUSED_OBJECTS := $(REUSED_SOURCES:%.c=$(REUSE)/%.o)
USER_OBJECTS := $(REUSED_OBJECTS) $(patsubst %.c,$(BUILD)/%.o,$(filter-out $(REUSED_SOURCES),$(USER_SOURCES)))
endif
# Everything but the two mains, for the tests to link with.
LIBRARY_OBJECTS := $(filter-out $(MAINS) $(MAINS:$(BUILD)/%=$(REUSE)/%),$(USER_OBJECTS))

UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/*/test_*.c))
BPF_TESTS := $(patsubst tests/bpf/%.c,$(BUILD)/tests/bpf/%,$(wildcard tests/bpf/test_*.c))

FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/tests/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

.DELETE_ON_ERROR:
.PHONY: all reused test-programs unit-tests fuzzers install uninstall clean help

all: $(BUILD)/vfsteer $(BUILD)/vfsteer-host ## build vfsteer and vfsteer-host

test-programs: unit-tests $(BPF_TESTS) ## build the unit and BPF tests (tests/run runs them)

unit-tests: $(UNIT_TESTS) ## build the unit tests alone

fuzzers: $(FUZZERS) ## build the fuzz targets (tests/run fuzz runs them; needs clang and SANITIZE)

reused:
	$(Q)$(MAKE) --no-print-directory BUILD=$(REUSE) REUSE= CRASHPOINTS= all

$(REUSED_OBJECTS): | reused ;

# Static patterns: an intermediate file that a failed compilation removed would not be made again.
$(BPF_OBJECTS): $(BPF_BUILD)/%.o: %.c
	$(say) BPF $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@
	$(Q)$(LLVM_STRIP) -g $@

define variant_rule
$(BPF_BUILD)/bpf/$(1)_$(2).bpf.o: bpf/$(1).bpf.c
	$$(say) BPF $$@
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CLANG) $$(BPF_CFLAGS) $$(FLAGS_$(2)) -MMD -MP -c $$< -o $$@
	$$(Q)$$(LLVM_STRIP) -g $$@
endef
$(foreach variant,$(notdir $(BPF_VARIANTS:.bpf.o=)),$(eval $(call variant_rule,$(firstword $(subst _, ,$(variant))),$(patsubst $(firstword $(subst _, ,$(variant)))_%,%,$(variant)))))

$(SKELETONS): $(BPF_BUILD)/bpf/%.skel.h: $(BPF_BUILD)/bpf/%.bpf.o
	$(say) SKEL $@
	$(Q)$(BPFTOOL) gen skeleton $< name $(subst .,_,$*)_bpf >$@

$(BUILD)/user/%.o: user/%.c | $(SKELETONS)
	$(say) CC $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/vfsteer: $(filter-out $(BUILD)/user/host/% $(REUSE)/user/host/%,$(USER_OBJECTS))
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@

# Of the lower rooms and of the libraries, only what the host part uses.
$(BUILD)/vfsteer-host: $(filter %/host_main.o,$(USER_OBJECTS)) $(BUILD)/libvfsteer.a
	$(say) LINK $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -Wl,--as-needed $^ $(LDLIBS) -o $@

$(BUILD)/tests/%: tests/%.c $(LIBRARY_OBJECTS)
	$(say) TEST $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -MF $@.d $(LDFLAGS) $< $(LIBRARY_OBJECTS) $(LDLIBS) -lcmocka -o $@

# A target includes the sources it tries: an archive's members of the same name are left out.
$(BUILD)/libvfsteer.a: $(LIBRARY_OBJECTS)
	$(say) AR $@
	$(Q)rm -f $@
	$(Q)ar rc $@ $^

$(BUILD)/tests/fuzz/%: tests/fuzz/%.c $(BUILD)/libvfsteer.a
	$(say) FUZZ $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(CPPFLAGS) $(CFLAGS) -fsanitize=fuzzer,$(SANITIZE) -Wno-missing-prototypes -MMD -MP -MF $@.d \
		$(LDFLAGS) $< $(BUILD)/libvfsteer.a $(LDLIBS) -o $@

UNIT_DIR := $(DESTDIR)$(PREFIX)/lib/systemd/system
UNITS := vfsteer.service vfsteer-xdp.socket vfsteer-xdp@.service vfsteer-host.service
MAN_DIR := $(DESTDIR)$(PREFIX)/share/man
MAN_PAGES := man8/vfsteer.8 man8/vfsteer-host.8 man5/vfsteer.conf.5
PROGRAMS := vfsteer vfsteer-host

install: $(PROGRAMS:%=$(BUILD)/%) ## install under $(DESTDIR)$(PREFIX): programs, man pages, systemd units
	$(say) INSTALL '$(DESTDIR)$(PREFIX)/sbin: $(PROGRAMS)'
	$(Q)for program in $(PROGRAMS); do \
		$(INSTALL) -D -m 0755 $(BUILD)/$$program '$(DESTDIR)$(PREFIX)/sbin'/$$program || exit 1; \
	done
	$(say) INSTALL '$(MAN_DIR): $(MAN_PAGES)'
	$(Q)for page in $(MAN_PAGES); do \
		$(INSTALL) -D -m 0644 user/man/$${page##*/} '$(MAN_DIR)'/$$page || exit 1; \
	done
	$(say) INSTALL '$(UNIT_DIR): $(UNITS)'
	$(Q)for unit in $(UNITS); do \
		sed 's|/usr/local/sbin|$(PREFIX)/sbin|' user/system/$$unit >$(BUILD)/$$unit && \
		$(INSTALL) -D -m 0644 $(BUILD)/$$unit '$(UNIT_DIR)'/$$unit || exit 1; \
	done

uninstall: ## remove what install put there
	$(say) REMOVE '$(DESTDIR)$(PREFIX)/sbin: $(PROGRAMS)'
	$(Q)rm -f $(PROGRAMS:%='$(DESTDIR)$(PREFIX)/sbin'/%) $(MAN_PAGES:%='$(MAN_DIR)'/%) $(UNITS:%='$(UNIT_DIR)'/%)

clean: ## remove $(BUILD)
	$(Q)rm -rf $(BUILD)

help: ## list the targets and variables
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20
	@echo 'Variables: BUILD ($(BUILD)), PREFIX ($(PREFIX)), DESTDIR, CC, CLANG, BPFTOOL, CFLAGS (appended), V=1 (commands in full),'
	@echo '  CROSS_COMPILE (aarch64-linux-gnu-), SYSROOT (for another architecture),'
	@echo '  SANITIZE (address,undefined or thread), CRASHPOINTS=1 (for tests: user/base/crash_point.h); use a BUILD of its own,'
	@echo '  REUSE (another BUILD, whose BPF objects serve this one), WERROR=1 (a warning is an error)'

# Not those of other versions that tests build below: their objects have the same names.
-include $(shell find $(BUILD) $(addsuffix /bpf,$(REUSE)) -name variants -prune -o -name '*.d' -print 2>/dev/null)
