// SPDX-License-Identifier: Apache-2.0
import Glibc
import NodeAgent

exit(Agent.main(arguments: CommandLine.arguments))
