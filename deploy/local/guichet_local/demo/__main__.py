"""``python -m guichet_local.demo`` makes the demo's agents in the database that GUICHET_MONGODB_URL[_FILE] names."""

import asyncio
import os
import sys

from guichet_local import demo

if __name__ == "__main__":
    try:
        asyncio.run(demo.seed(os.environ))
    except demo.SeedError as error:
        sys.exit(str(error))
