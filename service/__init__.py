"""Floor 4: people and machines: the command line today, the HTTP service and booth next."""

import os

# threads that wait for each other over small matrices cost more than they bring, most of all on a busy
# machine, and digests are exact with one; it must be said before NumPy is imported
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
