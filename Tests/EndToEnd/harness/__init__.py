# SPDX-License-Identifier: Apache-2.0
"""A real Kubernetes cluster on this one machine, and a real cgroup v2 kernel, for the end-to-end tests."""
