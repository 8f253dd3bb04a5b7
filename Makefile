# SPDX-License-Identifier: Apache-2.0
.DEFAULT_GOAL := help
.PHONY: run test bench lint format generate deps clean help

run: ## show this machine's accounting in kubectl top (ONCE=1: once; INTERVAL=2s)
	@scripts/run

test: deps lint ## lint, then all tests
	swift test

bench: deps ## cost of agent and aggregator against the goals (ROUNDS=5; needs root)
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

clean: ## remove what was built
	rm -rf .build .run

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 20
