# SPDX-License-Identifier: Apache-2.0
.DEFAULT_GOAL := help
.PHONY: run test image e2e cluster cluster-down docs bench bench-long lint format generate deps clean help

# Debian's, as is its pytest.
python := /usr/bin/python3

run: ## show this machine's accounting in kubectl top (ONCE=1: once; INTERVAL=2s)
	@scripts/run

# All tests share as many threads as there are cores. Of hundreds that begin together those with a deadline run out of
# it while they wait for a thread.
test: export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH ?= 12
test: deps lint ## lint, then all tests
	swift test --skip PipelineTests --skip DoctorTests
	# The doctor asks some thirty things at once, each with its own deadline, and the servers that it asks share two threads.
	SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=4 swift test --skip-build --filter DoctorTests
	# Whole processes by themselves, and few at once: they measure time, which others would take from them.
	SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=4 swift test --skip-build --filter PipelineTests

image: deps ## the container image, without Docker, in .run/metrics-push.tar
	@scripts/image

e2e: ## tests in a real cluster and on a cgroup v2 kernel (ARGS="-k name"; needs root; the first time 10 minutes more)
	@Tests/EndToEnd/cluster deps
	@Tests/EndToEnd/cluster build
	@$(python) -B -m pytest -v -ra --durations=10 Tests/EndToEnd $(ARGS)

cluster: ## a Kubernetes cluster to play with, in .run/cluster (needs root)
	@Tests/EndToEnd/cluster deps
	@Tests/EndToEnd/cluster build
	@Tests/EndToEnd/cluster up .run/cluster

cluster-down: ## end that cluster
	@Tests/EndToEnd/cluster down .run/cluster

docs: ## the agent's manual page and shell completions, in .run/docs
	swift build -c release --product agent
	@mkdir -p .run/docs
	.build/release/agent --manual > .run/docs/agent.8
	.build/release/agent --completion bash > .run/docs/agent.bash
	.build/release/agent --completion zsh > .run/docs/_agent
	.build/release/agent --completion fish > .run/docs/agent.fish

bench: deps ## cost of agent and aggregator against the goals (ROUNDS=5; PART=aggregator: only that; needs root)
	@Benchmarks/bench

bench-long: export LONG ?= 30
bench-long: deps ## the aggregator's memory over half an hour of churn (LONG=30: minutes)
	@Benchmarks/bench

lint: ## formatting, and generated code that is out of date
	swift format lint --strict --parallel --recursive Sources Tests Fuzz Package.swift
	scripts/generate-protobuf --check

format: ## format all Swift code
	swift format --in-place --parallel --recursive Sources Tests Fuzz Package.swift

generate: deps ## Sources/CWire and Sources/CKubeProto from their .proto files
	scripts/generate-protobuf

deps: ## install the Debian packages that are missing
	@scripts/install-deps

clean: ## remove what was built; clusters of this folder end
	@for dir in .run/cluster .run/e2e; do [ ! -e $$dir ] || Tests/EndToEnd/cluster down $$dir || exit 1; done
	rm -rf .build .run

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /  make \1\t/p' Makefile | expand -t 22
