# goldap
#
#   make            builds everything into build/
#   make demo       shows logins and lookups in a temporary place
#   make test       every test that can run here; as root, all of them
#   make bench      ratios against the stock nslcd packages (as root)
#   make help       the other targets

SHELL := /bin/sh
GO ?= go
CC ?= gcc
BUILD := build
OUT ?=
MODULE := $(BUILD)/pam_goldap.so
GO_SOURCES := $(shell find cmd pkg pam_module -name '*.go' ! -name '*_test.go') go.mod go.sum
C_SOURCES := $(wildcard pam_module/*.c pam_module/*.h pam_module/*.S pam_module/*.ld pam_module/*.map)

# The loader that executes the module (its .interp section): the one this
# machine's C compiler uses.
INTERPRETER := $(shell $(CC) -v -xc /dev/null -o /dev/null 2>&1 | sed -n 's/.* -dynamic-linker \([^ ]*\).*/\1/p')

.PHONY: build
build: $(MODULE) $(BUILD)/goldapd $(BUILD)/goldapctl

.PHONY: help
help:
	@sed -n 's/^#   //p' Makefile
	@echo "make lint       formatting, go vet, staticcheck, C warnings, shellcheck"
	@echo "make generate   writes the generated files anew"
	@echo "make fuzz       each fuzz target for FUZZTIME (30s)"
	@echo "make clean      removes build/ except the test root; make distclean removes that, too"

.PHONY: tools
tools:
	@packaging/need.sh build

$(MODULE): $(GO_SOURCES) $(C_SOURCES) Makefile | tools
	@mkdir -p $(BUILD)
	CGO_ENABLED=1 CC=$(CC) \
	CGO_CFLAGS='-O2 -DGOLDAP_INTERPRETER=$(INTERPRETER)' \
	$(GO) build -trimpath -buildmode=c-shared -o $@ \
	  -ldflags "-s -w -extldflags '-Wl,-T,$(CURDIR)/pam_module/dormant.ld -Wl,-e,goldap_start -Wl,--version-script=$(CURDIR)/pam_module/exports.map -Wl,-z,relro,-z,now'" \
	  ./pam_module
	@rm -f $(BUILD)/pam_goldap.h
	@chmod 0755 $@

$(BUILD)/goldapd: $(GO_SOURCES) | tools
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o $@ ./cmd/goldapd

$(BUILD)/goldapctl: $(GO_SOURCES) | tools
	CGO_ENABLED=1 $(GO) build -trimpath -ldflags '-s -w' -o $@ ./cmd/goldapctl
