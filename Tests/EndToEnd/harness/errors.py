# SPDX-License-Identifier: Apache-2.0
"""What a person reads when something cannot be done: the cause and the way out, without a traceback."""


class HarnessError(Exception):
    pass
