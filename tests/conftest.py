"""What all tests share."""

import os
import signal

from hypothesis import HealthCheck, settings

# tiny tensors take longer on two threads than on one, and some tests compare bit for bit
os.environ.setdefault("OMP_NUM_THREADS", "1")

# a shell's background jobs ignore Ctrl-C, and so would all that is started here
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# how long a test takes says something of the machine, not of what is tested
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")
