# The commands of the project. Each sets up what it needs first; nothing here needs root by itself.

SHELL := /bin/bash
.DEFAULT_GOAL := build

BUILD ?= build
JOBS ?= $(shell nproc)
prefix ?= /usr/local
FUZZ_SECONDS ?= 60
MUTATIONS ?= 20000
# Where the larger test data are, when they are.
PICKET_SHARED ?= ../shared

.PHONY: build console programs setup run demo test bench fuzz mutate lint lint-deep install clean distclean help

help:
	@echo 'make build      set up and build everything into $(BUILD)/bin and $(BUILD)/console'
	@echo 'make run        build, then start the server and this machine'\''s agent (state in ./var)'
	@echo 'make demo       the same with a simulated fleet (state in ./var-demo)'
	@echo 'make test       every check and test; ends with "N passed, N failed"'
	@echo 'make lint       formatting, static analysis, floors, scripts'
	@echo 'make lint-deep  the same, the static analysis as far as it goes (twice as long)'
	@echo 'make bench      measurements beside other products'
	@echo 'make fuzz       every fuzz target for FUZZ_SECONDS ($(FUZZ_SECONDS)) each'
	@echo 'make mutate     MUTATIONS ($(MUTATIONS)) mutated app files through the sandboxed readers'
	@echo 'make install    into $$(DESTDIR)$$(prefix) ($(prefix))'
	@echo 'make clean      remove what was built; make distclean also ./var and ./var-demo'
	@echo 'Variables: BUILD JOBS prefix DESTDIR FUZZ_SECONDS MUTATIONS PICKET_SHARED PICKET_PORT PICKET_VAR PICKET_SETUP=skip'

setup:
	@tools/setup.sh run build

build: setup
	@$(MAKE) --no-print-directory programs console

# Meson sees changed build files by itself; only the first time needs words.
$(BUILD)/build.ninja:
	meson setup $(BUILD)

programs: $(BUILD)/build.ninja
	@ninja -C $(BUILD) -j $(JOBS) $(if $(MAKE_TERMOUT),,--quiet)

console:
	@tools/build-console.sh $(BUILD)/console

run: build
	@exec tools/run.sh --build $(BUILD)

demo: build
	@exec tools/run.sh --build $(BUILD) --demo

test:
	@tools/setup.sh run build test
	@$(MAKE) --no-print-directory programs console
	@exec tests/run --build $(BUILD)

lint:
	@tools/setup.sh build test
	@$(MAKE) --no-print-directory $(BUILD)/build.ninja
	@exec tools/lint.sh --build $(BUILD)

lint-deep:
	@tools/setup.sh build test
	@$(MAKE) --no-print-directory $(BUILD)/build.ninja
	@exec tools/lint.sh --build $(BUILD) --deep

bench:
	@tools/setup.sh run build test bench
	@$(MAKE) --no-print-directory programs console
	@exec bench/run --build $(BUILD)

fuzz:
	@tools/setup.sh build test
	@exec tools/fuzz.sh $(FUZZ_SECONDS)

mutate: build
	@exec $(BUILD)/tests/mutate -p $(BUILD)/bin/picket-scan -n $(MUTATIONS) -o fuzz-corpus/mutate \
	  tests/data $(PICKET_SHARED)/data/apk $(PICKET_SHARED)/data/axml $(PICKET_SHARED)/data/ios

install: build
	@meson configure $(BUILD) -Dprefix=$(prefix)
	@ninja -C $(BUILD) -j $(JOBS) --quiet
	@meson install -C $(BUILD) --no-rebuild $(if $(DESTDIR),--destdir $(abspath $(DESTDIR)))

clean:
	rm -rf $(BUILD) build-asan build-fuzz web/node_modules tests/browser/node_modules

distclean: clean
	rm -rf var var-demo
