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
NSS_MODULE := $(BUILD)/libnss_goldap.so.2
# The same for machines whose nsswitch.conf says ldap.
NSS_COMPAT := $(BUILD)/libnss_ldap.so.2
# What all C here is compiled with.
CWARNINGS := -std=c11 -Wall -Wextra -Werror -Wconversion -Wshadow -Wformat=2 -Wno-format-nonliteral -Wno-sign-conversion
GO_SOURCES := $(shell find cmd pkg pam_module -name '*.go' ! -name '*_test.go') go.mod go.sum
NSS_SOURCES := $(wildcard nss_module/*.c) pam_module/wire.c
C_SOURCES := $(wildcard pam_module/*.c pam_module/*.h pam_module/*.S pam_module/*.ld pam_module/*.map)

# The linker's flags that keep the folder of the build out of the programs: Go's build
# id is a hash that the flags below are part of, with the names of files in them.
REPRODUCIBLE := -s -w -buildid= -B none
GO_FLAGS := -trimpath

# The loader that executes the module (its .interp section): the one this
# machine's C compiler uses.
INTERPRETER := $(shell $(CC) -v -xc /dev/null -o /dev/null 2>&1 | sed -n 's/.* -dynamic-linker \([^ ]*\).*/\1/p')

.PHONY: build
build: $(MODULE) $(NSS_MODULE) $(NSS_COMPAT) $(BUILD)/goldapd $(BUILD)/goldapctl

.PHONY: help
help:
	@sed -n 's/^#   //p' Makefile
	@echo "make deb rpm    the packages, in build/packages; VERSION=1.2.3 if git is not to say"
	@echo "make lint       formatting, go vet, staticcheck, C warnings, shellcheck, mandoc"
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
	$(GO) build $(GO_FLAGS) -buildmode=c-shared -o $@ \
	  -ldflags "$(REPRODUCIBLE) -extldflags '-Wl,-T,$(CURDIR)/pam_module/dormant.ld -Wl,-e,goldap_start -Wl,--version-script=$(CURDIR)/pam_module/exports.map -Wl,-z,relro,-z,now'" \
	  ./pam_module
	@rm -f $(BUILD)/pam_goldap.h
	@chmod 0755 $@

# Packages have -s here; a test reads the symbols of what is not stripped.
NSS_LDFLAGS :=
# Nothing unloads it (nodelete): the C library may be inside any time, and
# threads that end free what they have there.
$(BUILD)/libnss_%.so.2: $(NSS_SOURCES) $(wildcard nss_module/*.h) pam_module/wire.h nss_module/exports.map Makefile | tools
	@mkdir -p $(BUILD)
	$(CC) $(CWARNINGS) -DGOLDAP_NSS_PREFIX=_nss_$*_ -O2 -fPIC -fstack-protector-strong -pthread -shared -Wl,-soname,$(@F) \
	  -Wl,--version-script=nss_module/exports.map -Wl,-z,relro,-z,now,-z,nodelete,-z,defs $(NSS_LDFLAGS) -o $@ $(NSS_SOURCES)

# What a release says that it is; a build from a checkout names its commit instead.
RELEASE ?=
GO_LDFLAGS := $(REPRODUCIBLE) $(if $(RELEASE),-X main.release=$(RELEASE))

$(BUILD)/release: always
	@mkdir -p $(BUILD)
	@echo '$(RELEASE)' | cmp -s - $@ || echo '$(RELEASE)' >$@
.PHONY: always
always:

$(BUILD)/goldapd: $(GO_SOURCES) $(BUILD)/release | tools
	CGO_ENABLED=0 $(GO) build $(GO_FLAGS) -ldflags '$(GO_LDFLAGS)' -o $@ ./cmd/goldapd

$(BUILD)/goldapctl: $(GO_SOURCES) $(BUILD)/release | tools
	CGO_ENABLED=1 $(GO) build $(GO_FLAGS) -buildmode=pie -ldflags '$(GO_LDFLAGS) -extldflags "-Wl,-z,relro,-z,now"' -o $@ ./cmd/goldapctl

# Packages: nfpm's configurations are in packaging/nfpm, docs/packages.md explains.
# The programs are built anew, with the version in them and nothing that depends on
# the folder. An empty VERSION is what git says.
PACKAGES := $(BUILD)/packages
PROGRAMS := $(PACKAGES)/programs
VERSION ?=
.PHONY: deb rpm
deb rpm: | tools
	@version='$(VERSION)'; version=$${version:-$$(packaging/version.sh)} && \
	$(MAKE) BUILD=$(PROGRAMS) RELEASE="$$version" GO_FLAGS='-trimpath -buildvcs=false' NSS_LDFLAGS=-s && \
	VERSION="$$version" CC='$(CC)' GO='$(GO)' packaging/build.sh $@ $(PROGRAMS) $(PACKAGES)

.PHONY: demo
demo: build
	$(BUILD)/goldapctl demo --build-dir $(BUILD) $(if $(KEEP),--keep)

# The tests, in three tiers (HACKING.md). -count=1: a test that asks the
# machine must not be answered from Go's cache.
.PHONY: test
test: test-go test-module test-integration test-packages

.PHONY: test-go
test-go: | tools
	$(GO) test -race $$($(GO) list ./... | grep -v /test/module)

.PHONY: test-module
test-module: build
	@packaging/need.sh test
	$(GO) test -race -count=1 ./test/module
	$(MAKE) -C test/cwire test
	$(MAKE) -C test/cnss test

.PHONY: test-integration
test-integration: build $(BUILD)/nss-lookups $(BUILD)/nss-enumerate
	@if [ "$$(id -u)" != 0 ]; then \
	  echo "test-integration: needs root, for a private Debian root and its own mounts: not run"; \
	  [ -z "$(CI)" ]; exit $$?; \
	fi; \
	packaging/need.sh root && test/root/make-root.sh servers && \
	$(GO) test -c -race -tags integration -o $(BUILD)/integration.test ./test/integration && \
	test/root/run.sh /goldap/build/integration.test -test.v -test.timeout 15m -test.skip '^TestOn' && \
	test/root/run.sh --servers /goldap/build/integration.test -test.v -test.timeout 5m -test.run '^TestOn'

# Two versions of the packages, which differ in nothing else, and their tests: what
# is in them, and what becomes of a Debian that they are installed in.
TWO_VERSIONS := $(BUILD)/test-packages
.PHONY: test-packages
test-packages: | tools
	@packaging/need.sh packages
	$(MAKE) deb rpm VERSION=1.0.0 PACKAGES=$(TWO_VERSIONS)/1 PROGRAMS=$(TWO_VERSIONS)/programs
	$(MAKE) deb rpm VERSION=1.1.0 PACKAGES=$(TWO_VERSIONS)/2 PROGRAMS=$(TWO_VERSIONS)/programs
	@if [ "$$(id -u)" != 0 ]; then \
	  echo "test-packages: needs root, for a private Debian root and its own mounts: not run"; \
	  [ -z "$(CI)" ]; exit $$?; \
	fi; \
	packaging/need.sh root && test/root/make-root.sh servers && \
	$(GO) test -c -tags integration -o $(BUILD)/packages.test ./test/packages && \
	$(GO) test -count=1 -tags integration -run '^TestReproducible$$' -v ./test/packages && \
	test/root/run.sh /goldap/build/packages.test -test.v -test.timeout 10m -test.skip '^TestNsswitch|^TestAuthselect|^TestPamLines|^TestReproducible|^TestOn' && \
	test/root/run.sh --servers /goldap/build/packages.test -test.v -test.timeout 10m -test.run '^TestOn'

# Programs with many threads that look up names and enumerate, for
# test/integration.
$(BUILD)/nss-%: test/nss/%.c Makefile
	$(CC) $(CWARNINGS) -O2 -pthread -o $@ $<

.PHONY: bench
bench: build
	@packaging/need.sh root
	OUT='$(OUT)' test/bench/run.sh $(BENCHFLAGS)

# Each fuzz target for FUZZTIME.
FUZZTIME ?= 30s
.PHONY: fuzz
fuzz: | tools
	@for package in $$(grep -rl '^func Fuzz' --include=*_test.go pkg | xargs -n1 dirname | sort -u); do \
	  for target in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9]*\)(.*/\1/p' $$package/*_test.go); do \
	    echo "$$package $$target"; \
	    $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) ./$$package || exit 1; \
	  done; \
	done

.PHONY: generate
generate:
	$(GO) generate ./...

.PHONY: lint
lint:
	@packaging/need.sh lint
	@test -z "$$(gofmt -l cmd pkg pam_module test)" || { echo "not gofmt'ed:"; gofmt -l cmd pkg pam_module test; exit 1; }
	$(GO) vet ./...
	$(GO) vet -tags integration ./test/integration ./test/packages
	$(GO) tool staticcheck ./...
	$(GO) tool staticcheck -tags integration ./test/integration ./test/packages
	$(GO) mod tidy -diff
	clang-format --dry-run -Werror $$(git ls-files '*.c' '*.h')
	@for cc in gcc clang; do for file in $$(git ls-files 'pam_module/*.c' 'nss_module/*.c'); do \
	  $$cc $(CWARNINGS) -O2 -fPIC -DGOLDAP_INTERPRETER=/lib/ld.so -fsyntax-only $$file || exit 1; \
	done; done
	shellcheck $$(git ls-files '*.sh' 'packaging/deb/*' 'packaging/rpm/*') packaging/nsswitch packaging/pam-lines .ci/run
	mandoc -Tlint -Wstyle packaging/man/*.[1-8]

.PHONY: clean distclean
clean:
	rm -rf $(PACKAGES) $(TWO_VERSIONS)
	rm -f $(BUILD)/release $(MODULE) $(NSS_MODULE) $(NSS_COMPAT) $(BUILD)/nss-lookups $(BUILD)/nss-enumerate $(BUILD)/goldapd $(BUILD)/goldapctl $(BUILD)/*.test $(BUILD)/bench*
distclean:
	rm -rf $(BUILD)
