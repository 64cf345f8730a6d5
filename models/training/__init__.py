"""Makes the shipped models and tables; an application that nothing imports."""

import os

# scenes are made by two processes of small products: threads of their own would only wait for each other
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
