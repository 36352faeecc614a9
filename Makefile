# The commands that people and CI use. `make` alone lists them.

SWIFT_BUILD := swift build --explicit-target-dependency-import-check error

.PHONY: help demo test sim sim-soak chaos fuzz build release lint format dependencies protocol clean

help:
	@echo "make demo      build, then watch a real job run on three agents"
	@echo "make test      build and run all tests"
	@echo "make sim       seeds under faults, one coordinator and several, then the planted bugs; make sim-soak runs 100,000"
	@echo "make chaos     faults of all kinds on real processes for MORTISE_CHAOS_SECONDS (600); as root"
	@echo "make build     build everything for development"
	@echo "make release   what people install, stripped, with checksums, into dist/"
	@echo "make lint      check the form of the sources; make format mends it"
	@echo "make fuzz      fuzz each parser for ten seconds; dev/fuzz --help tells more"
	@echo "make protocol  regenerate protocol/Generated from protocol/Schema"

demo: dependencies
	$(SWIFT_BUILD) --product mortise
	$(SWIFT_BUILD) --product mortise-agent
	$(SWIFT_BUILD) --product mortise-coordinator
	dev/demo

# Those of launchers run programs of others, a scheduler and command lines of clouds among them, which take the processors
# for minutes: beside them, tests that have a limit of time would run out of it.
test: dependencies
	$(SWIFT_BUILD) --build-tests
	swift test --skip-build --skip '^LaunchersTests\.'
	swift test --skip-build --filter '^LaunchersTests\.'

# The simulator is built for speed, apart from the rest.
SIM := swift build -c release --product mortise-sim --scratch-path .build-sim

.build-sim/release/mortise-sim: FORCE
	$(SIM)

FORCE:

sim: dependencies .build-sim/release/mortise-sim
	dev/simulate

sim-soak: dependencies .build-sim/release/mortise-sim
	.build-sim/release/mortise-sim --seeds $${MORTISE_SEEDS:-1-100000} --workers $$(nproc) --agents 16 --for 5m

chaos: dependencies
	dev/install-dependencies --tests
	$(SWIFT_BUILD) --build-tests
	MORTISE_CHAOS_SECONDS=$${MORTISE_CHAOS_SECONDS:-600} swift test --skip-build --filter EndToEndTests.ChaosTests

build: dependencies
	$(SWIFT_BUILD)

release: dependencies
	dev/release

lint:
	swift format lint --strict --recursive --parallel Package.swift Sources agent coordinator \
	  protocol/Messages protocol/Codec Tests

format:
	swift format --in-place --recursive --parallel Package.swift Sources agent coordinator \
	  protocol/Messages protocol/Codec Tests

fuzz: dependencies
	dev/fuzz

dependencies:
	@dev/install-dependencies

protocol:
	dev/generate-protocol

clean:
	rm -rf .build .build-fuzz dist
