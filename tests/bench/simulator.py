"""``python -m tests.bench.simulator PORT``: DOPA's simulator on a real socket."""

import sys

import uvicorn

from adapters.dopa.simulator import DopaSimulator

if __name__ == "__main__":
    uvicorn.run(DopaSimulator().app, host="127.0.0.1", port=int(sys.argv[1]), log_level="critical", access_log=False)
